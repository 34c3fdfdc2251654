# SPDX-License-Identifier: MIT
# cmake -DIN=FILE -DOUT=FILE -DNAME=NAME -P embed.cmake: writes a C file that
# holds IN as the NUL-terminated `const char NAME[]`. Byte by byte, because a
# string literal may only be 4,095 characters long.
file(READ ${IN} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
file(WRITE ${OUT}
  "extern const char ${NAME}[];\nconst char ${NAME}[] = {${bytes}0x00};\n")
