# SPDX-License-Identifier: GPL-2.0-only
# kvm-htab: hashed page tables of KVM-HV guests on POWER. See README.md.
#
#	make			build the tool for this machine
#	make install		install it (prefix, bindir, mandir, ..., DESTDIR)
#	make uninstall
#	make dist		build/kvm-htab-VERSION.tar.xz of what is committed, the same wherever it is made
#	make deb		Debian packages of what is committed, in build/deb; ARCH=ppc64el on another machine
#	make rpm		an RPM package of what is committed, in build/rpm
#	make demo DEMO=diagnose	what the tool says about five hosts with typical problems; a minute, no kernel is built
#	make demo		the main job on screen, in an emulated POWER9 host
#	make check		the tests that CI runs; KERNELS="6.1" MACHINES="powernv8 powernv9 powernv10 pseries"
#	make check-long		what `make check` leaves out, which takes hours: these five, and more machines
#	make check-debug	tests/host on kernels with KASAN, lockdep and more; KERNELS="6.1" MACHINES=powernv9; an hour
#	make check-dkms		kvm-htab-dkms in Debian 12 and 13 for ppc64el; ON="bookworm"; 20 minutes each, the first time 35
#	make check-sanitize	the tool's tests under ASan, UBSan and memcheck, and all faults; half an hour
#	make coverage		which lines of the tool its tests reach, and why not all
#	make fuzz		the tool's parsers under libFuzzer, a minute each
#	make bench		the benchmarks: tables, and JSON in build/bench
#	make qemu		Debian's QEMU with the series of integration/qemu, for POWER; ten minutes; QEMU_LINE=10.0
#	make shell		a shell in an emulated host; MACHINE=powernv9, STOCK=1
#	make clean
#
# demo, bench, shell and all that test install the Debian packages that they lack; NO_INSTALL=1 forbids it.

KERNELS ?= 6.1
MACHINES ?= powernv8 powernv9 powernv10 pseries
# The former name of KERNELS. Terminals export a variable LINES, so only the command line counts.
ifeq ($(origin LINES),command line)
KERNELS := $(LINES)
endif
MACHINE ?= powernv9

prefix ?= /usr/local
bindir ?= $(prefix)/bin
datadir ?= $(prefix)/share
mandir ?= $(datadir)/man
includedir ?= $(prefix)/include
docdir ?= $(datadir)/doc/kvm-htab
bashcompletiondir ?= $(datadir)/bash-completion/completions
zshcompletiondir ?= $(datadir)/zsh/site-functions
fishcompletiondir ?= $(datadir)/fish/vendor_completions.d
systemunitdir ?= $(prefix)/lib/systemd/system

# The version stands in cli/Makefile.
version := $(shell sed -n 's/^VERSION ?= //p' cli/Makefile)

export NO_INSTALL

all:
	@$(MAKE) --no-print-directory -C cli

units := kvm-htab-metrics.service kvm-htab-metrics.timer
examples := $(notdir $(wildcard examples/*))
monitoring := $(notdir $(wildcard monitoring/*.yml monitoring/*.json))
manuals := $(wildcard man/*.[578])

install: all
	install -D -m 0755 cli/build/kvm-htab "$(DESTDIR)$(bindir)/kvm-htab"
	install -D -m 0644 -t "$(DESTDIR)$(mandir)/man5" $(filter %.5,$(manuals))
	install -D -m 0644 -t "$(DESTDIR)$(mandir)/man7" $(filter %.7,$(manuals))
	install -D -m 0644 -t "$(DESTDIR)$(mandir)/man8" $(filter %.8,$(manuals))
	install -D -m 0644 completions/kvm-htab.bash "$(DESTDIR)$(bashcompletiondir)/kvm-htab"
	install -D -m 0644 completions/_kvm-htab "$(DESTDIR)$(zshcompletiondir)/_kvm-htab"
	install -D -m 0644 completions/kvm-htab.fish "$(DESTDIR)$(fishcompletiondir)/kvm-htab.fish"
	install -D -m 0644 -t "$(DESTDIR)$(includedir)" kernel/include/kvm-htab.h
	install -D -m 0644 -t "$(DESTDIR)$(docdir)" README.md CHANGELOG
	install -D -m 0644 -t "$(DESTDIR)$(docdir)/examples" $(addprefix examples/,$(filter %.c %.xml,$(examples)))
	install -D -m 0755 -t "$(DESTDIR)$(docdir)/examples" $(addprefix examples/,$(filter-out %.c %.xml,$(examples)))
	install -D -m 0644 -t "$(DESTDIR)$(docdir)/monitoring" $(addprefix monitoring/,$(monitoring))
	install -D -m 0644 -t "$(DESTDIR)$(systemunitdir)" $(addprefix monitoring/,$(units))
	sed -i 's|@bindir@|$(bindir)|' "$(DESTDIR)$(systemunitdir)/kvm-htab-metrics.service"

uninstall:
	rm -f "$(DESTDIR)$(bindir)/kvm-htab" "$(DESTDIR)$(bashcompletiondir)/kvm-htab" \
		"$(DESTDIR)$(zshcompletiondir)/_kvm-htab" "$(DESTDIR)$(fishcompletiondir)/kvm-htab.fish"
	rm -f $(foreach page,$(manuals),"$(DESTDIR)$(mandir)/man$(subst .,,$(suffix $(page)))/$(notdir $(page))")
	rm -f "$(DESTDIR)$(includedir)/kvm-htab.h"
	rm -f $(foreach file,README.md CHANGELOG $(addprefix examples/,$(examples)) $(addprefix monitoring/,$(monitoring)),\
		"$(DESTDIR)$(docdir)/$(file)")
	rm -f $(foreach unit,$(units),"$(DESTDIR)$(systemunitdir)/$(unit)")
	-rmdir "$(DESTDIR)$(docdir)/examples" "$(DESTDIR)$(docdir)/monitoring" "$(DESTDIR)$(docdir)"

# git archive sorts, and takes owner root and the time of the commit; xz's blocks depend on its threads. In one step at the
# end, since two may be made at once.
dist: archive := build/kvm-htab-$(version).tar.xz
dist:
	@mkdir -p build
	set -e; new=$$(mktemp build/dist.XXXXXX); trap "rm -f $$new" EXIT; \
		git -c tar.umask=0022 archive --format=tar --prefix=kvm-htab-$(version)/ -o $$new HEAD; \
		xz -9 -T 1 -c $$new >$$new.xz; chmod 0644 $$new.xz; mv $$new.xz $(archive)

deb:
	@scripts/deb $(ARCH)

rpm:
	@scripts/rpm

setup:
	@tests/setup

ifeq ($(DEMO),diagnose)
demo:
	@tests/setup --tool
	@$(MAKE) -s --no-print-directory -C cli
	@scripts/demo-diagnose
else
demo: setup
	@tests/host/testbed/demo
endif

check: setup
	@tests/check --kernels "$(KERNELS)" --machines "$(MACHINES)"

check-long: setup
	@tests/setup tests/dkms/packages integration/qemu/packages
	@tests/check-long --kernels "$(KERNELS)"

check-debug: setup
	@tests/check-debug --kernels "$(KERNELS)" $(if $(filter file,$(origin MACHINES)),,--machines "$(MACHINES)")

check-dkms:
	@tests/setup tests/dkms/packages
	@tests/check-dkms $(if $(ON),--on "$(ON)")

check-sanitize: setup
	@tests/check-sanitize

coverage: setup
	@tests/coverage/run

fuzz: setup
	@tests/fuzz/cli/run --seconds 60

bench: setup
	@mkdir -p build/bench
	@tests/bench/plan --json build/bench/plan.json
	@tests/bench/run --json build/bench/reset.json
	@tests/bench/hcalls --json build/bench/hcalls.json
	@tests/bench/pause --json build/bench/pause.json
	@tests/bench/throughput --json build/bench/throughput.json
	@tests/bench/churn --json build/bench/churn.json

qemu:
	@tests/setup integration/qemu/packages
	@QEMU_LINE=$(QEMU_LINE) integration/qemu/build

shell: setup
	@tests/host/testbed/shell --machine $(MACHINE) $(if $(STOCK),--stock)

clean:
	@$(MAKE) --no-print-directory -C cli clean
	rm -rf build

help:
	@sed -n 's/^#\t/  /p' Makefile

.PHONY: all install uninstall dist deb rpm setup demo check check-long check-debug check-dkms check-sanitize coverage fuzz bench \
	qemu shell clean help
