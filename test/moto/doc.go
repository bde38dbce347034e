// Package moto tests --lb against an emulator of AWS's API: the command finds a
// balancer's logs as in an account, and counts them. The tests need Python; "make
// test-all" sets it up and gives the build tag moto. It holds tests only.
package moto
