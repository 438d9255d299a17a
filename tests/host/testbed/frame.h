/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What client (build machine) and agent (emulated host) say to each other over a virtio-serial
 * port: frames of a header and up to FRAME_MAX bytes. A port carries one command at a time; the
 * session number, chosen anew by each client, tells an answer from the remains of an earlier one.
 */
#ifndef HOST_FRAME_H
#define HOST_FRAME_H

#include <stdint.h>

#define FRAME_MAGIC 0x68746162u
#define FRAME_MAX 32768u

enum frame_type {
	FRAME_HELLO = 1, /* both ways: are you there, I am */
	FRAME_RUN, /* to the agent: struct frame_run, then strings */
	FRAME_STDIN, /* to the agent: bytes, none at the end */
	FRAME_STDOUT, /* from the agent: bytes */
	FRAME_STDERR,
	FRAME_EXIT, /* from the agent: uint32_t exit status, the last frame */
};

/* all fields little-endian */
struct frame {
	uint32_t magic;
	uint32_t session;
	uint32_t type;
	uint32_t len; /* bytes that follow */
};

/* Followed by the user's name and argv, each ended by a zero byte. */
struct frame_run {
	uint32_t limit_s; /* 0: none */
	uint32_t has_stdin;
};

#define FRAME_STATUS_TIMEOUT 124

#endif
