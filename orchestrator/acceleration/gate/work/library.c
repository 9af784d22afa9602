/* What goes into a shared library: names that others see and that they do not, thread's own data, tables to relocate, and parts of libgcc. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct method {
    const char *name;
    int (*call)(int);
};

static __thread int depth;
int gate_counter;

static int twice(int value) { return 2 * value; }
static int half(int value) { return value / 2; }

const struct method gate_methods[] = {{"twice", twice}, {"half", half}, {NULL, NULL}};

__attribute__((constructor)) static void begin(void) { gate_counter = 1; }
__attribute__((visibility("hidden"))) int gate_hidden(int value) { return value + depth; }

int gate_call(const char *name, int value)
{
    const struct method *method;
    for (method = gate_methods; method->name != NULL; method++)
        if (strcmp(method->name, name) == 0) {
            depth++;
            gate_counter += gate_hidden(value);
            return method->call(value);
        }
    return -1;
}

long double gate_quotient(long double value, uint64_t by) { return value / by; }
uint64_t gate_rest(uint64_t value, uint64_t by) { return value % by; }

int gate_switch(int value)
{
    switch (value) {
    case 0: return 17;
    case 1: return abs(value) + 4;
    case 2: return gate_counter;
    case 3: return twice(gate_counter);
    case 4: return half(gate_counter);
    case 5: return 99;
    default: return value;
    }
}
