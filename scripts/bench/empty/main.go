// SPDX-License-Identifier: Apache-2.0

// Command empty does nothing: the time an operating system and the Go runtime need to start and end a program.
package main

func main() {}
