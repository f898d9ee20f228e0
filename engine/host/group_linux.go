// SPDX-License-Identifier: Apache-2.0

package main

import "syscall"

// ownGroup puts a child into a group of its own and has the kernel kill it should this process be killed.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// sameGroup leaves a child in our group and has the kernel kill it should this process be killed.
func sameGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
