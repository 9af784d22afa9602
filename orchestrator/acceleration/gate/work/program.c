/* Headers of the compiler and of the system, arithmetic that the compiler leaves to libgcc, and what came of it. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <float.h>
#include <limits.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static __thread int own = 7;

static long double power(long double base, int exponent)
{
    long double result = 1.0L;
    while (exponent-- > 0)
        result *= base;
    return result;
}

static int sum(int count, ...)
{
    va_list rest;
    int total = 0;
    va_start(rest, count);
    while (count-- > 0)
        total += va_arg(rest, int);
    va_end(rest);
    return total;
}

int main(int argc, char **argv)
{
    volatile uint64_t large = UINT64_C(0xfedcba9876543210) + (uint64_t)argc;
    volatile double real = 1.0 / argc;
#ifdef __SIZEOF_INT128__
    volatile unsigned __int128 wide = ((unsigned __int128)large << 40) / (unsigned)argc;
    printf("%llx\n", (unsigned long long)(wide % 1000003));
#endif
    pthread_mutex_lock(&lock);
    printf("%d %s\n", own + argc, argv[argc - 1]);
    pthread_mutex_unlock(&lock);
    printf("%llu %llu\n", (unsigned long long)(large / 10007), (unsigned long long)(large % 10007));
    printf("%.17g %.17g %.17g\n", sin(real), pow(real, 2.5), fmod(large, real));
    printf("%.21Lg\n", power(1.0L / argc, 5));
    printf("%d %d\n", sum(4, 1, 2, 3, argc), isalpha((unsigned char)argv[1][0]) != 0);
    printf("%zu %zu %zu %zu\n", sizeof(long), sizeof(void *), sizeof(wchar_t), sizeof(long double));
    printf("%d %d\n", CHAR_MIN, __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
    return 0;
}
