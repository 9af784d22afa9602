# Read after CPython's Makefile, so that everything is done with the very compiler, flags and libraries that it is built with.
HERE = /dev/gate
LINKS = /gate/links
FLAGS = $(or $(PY_CORE_CFLAGS),$(PY_CFLAGS))
LINKING = $(or $(PY_CORE_LDFLAGS),$(LDFLAGS))

# As setup.py does an extension module.
gate-library:
	$(CC) $(CCSHARED) $(FLAGS) -c -o $(LINKS)/library.o $(HERE)/library.c
	$(BLDSHARED) -o $(LINKS)/library $(LINKS)/library.o $(LIBS) $(SYSLIBS)

# As the Makefile does the interpreter.
gate-program:
	$(CC) $(FLAGS) -c -o $(LINKS)/program.o $(HERE)/program.c
	$(LINKCC) $(LINKING) $(LINKFORSHARED) -o $(LINKS)/program $(LINKS)/program.o $(LIBS) $(MODLIBS) $(SYSLIBS) -lm

gate-macros:
	$(CC) $(FLAGS) -dM -E -x c /dev/null

gate-python-macros:
	$(CC) $(FLAGS) -dM -E $(HERE)/python.c

gate-includes:
	$(CC) $(FLAGS) -M $(HERE)/program.c
	[ ! -f pyconfig.h ] || $(CC) $(FLAGS) -M $(HERE)/python.c

gate-search:
	$(CC) $(FLAGS) -v -E -x c /dev/null -o /dev/null

.PHONY: gate-library gate-program gate-macros gate-python-macros gate-includes gate-search
