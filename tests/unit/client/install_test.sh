#!/bin/sh
# SPDX-License-Identifier: MIT
#
# install_test.sh BUILD SOURCE: installs into a temporary prefix and does what
# a vendor would: builds the examples with pkg-config and with CMake, against
# the shared and the static library, and looks at what the library shows.
set -eu

build=$1
source=$2
prefix=$(mktemp -d)
trap 'rm -rf "$prefix"' EXIT INT TERM

fail() {
	echo "install_test: $*" >&2
	exit 1
}

cmake --install "$build" --prefix "$prefix" >"$prefix/install.log" ||
	fail "installation failed: $(tail -5 "$prefix/install.log")"
libdir=$(dirname "$(find "$prefix" -name libbaton.so)")

# 1. Files that must be there.
for file in include/baton/baton.h include/baton/client.h \
	include/baton/contract/send/v1/event.pb-c.h \
	include/baton/contract/google/protobuf/timestamp.pb-c.h \
	bin/baton sbin/batond share/man/man3/libbaton.3; do
	[ -e "$prefix/$file" ] || fail "$file is missing"
done
[ -e "$libdir/libbaton.a" ] || fail "libbaton.a is missing"
[ ! -e "$prefix/include/baton/contract/baton" ] ||
	fail "the wire contract is installed"

# 2. Only the interface is visible; AddressSanitizer adds marks of its own.
others=$(nm -D --defined-only "$libdir/libbaton.so" | awk '{ print $3 }' |
	grep -Ev '^(__odr_asan\..*|baton_[a-z0-9_]+|send__v1__[a-z0-9_]+|google__protobuf__timestamp_[a-z0-9_]+)$' |
	grep -E '.' || true)
[ -z "$others" ] || fail "these symbols are visible: $others"
if nm -D --defined-only "$libdir/libbaton.so" | grep -q 'baton__v1__\| baton_call'; then
	fail "internal symbols are visible"
fi

# 3. Each header compiles alone.
PKG_CONFIG_PATH=$libdir/pkgconfig
export PKG_CONFIG_PATH
# shellcheck disable=SC2046 # flags are words
for header in "$prefix"/include/baton/*.h; do
	echo "#include <baton/$(basename "$header")>" |
		${CC:-cc} -std=c11 -Wall -Wextra -Werror -fsyntax-only -x c - \
			$(pkg-config --cflags baton) ||
		fail "$(basename "$header") does not compile alone"
done

# 4. pkg-config, shared and static.
for example in publisher subscriber; do
	# shellcheck disable=SC2046,SC2086
	${CC:-cc} ${CFLAGS:-} -Wall -Wextra -Werror \
		$(pkg-config --cflags baton) \
		-o "$prefix/$example" "$source/examples/$example.c" \
		$(pkg-config --libs baton) ||
		fail "$example does not build with pkg-config"
	# shellcheck disable=SC2046,SC2086
	${CC:-cc} ${CFLAGS:-} $(pkg-config --cflags baton) \
		-o "$prefix/$example-static" "$source/examples/$example.c" \
		"$libdir/libbaton.a" \
		$(pkg-config --static --libs baton |
			sed 's/-lbaton//') ||
		fail "$example does not build with the static library"
done

# 5. CMake.
cmake -S "$source/examples" -B "$prefix/b" -DCMAKE_PREFIX_PATH="$prefix" \
	-DCMAKE_C_FLAGS="${CFLAGS:-}" >"$prefix/cmake.log" 2>&1 &&
	cmake --build "$prefix/b" >>"$prefix/cmake.log" 2>&1 ||
	fail "examples do not build with CMake: $(tail -20 "$prefix/cmake.log")"

# 6. What was built runs, and says what is wrong when there is no broker.
said=$(BATON_URL=ipc://relative LD_LIBRARY_PATH=$libdir \
	"$prefix/publisher" 2>&1) && fail "publisher took a bad address"
case $said in
*"absolute path"*) ;;
*) fail "publisher says: $said" ;;
esac
echo "install_test: ok"
