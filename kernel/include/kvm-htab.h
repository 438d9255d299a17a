/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * For VMMs: the definitions of the kvm-htab series, unless the headers of the kernel have them. `make install` puts
 * those of asm/kvm_htab.h here, since other headers may lack that file.
 */
#ifndef KVM_HTAB_H
#define KVM_HTAB_H

#include <linux/kvm.h>

#ifndef KVM_CAP_PPC_HTAB_CTL
#include <asm/kvm_htab.h>
#endif

#endif /* KVM_HTAB_H */
