# In the place of CPython's Makefile where ./configure has not made it.
CC = gcc -pthread
PY_CFLAGS = -fno-strict-aliasing -g -O3 -Wall
CCSHARED = -fPIC
BLDSHARED = gcc -pthread -shared
LINKCC = gcc -pthread
LINKFORSHARED = -Xlinker -export-dynamic
LIBS = -lpthread -ldl -lutil
