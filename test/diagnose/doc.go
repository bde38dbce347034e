// Package diagnose is a lab that proves "loglens diagnose". A scenario is one
// file of the folder scenarios: a set-up of balancer, network and targets, built
// through AWS's API in an emulator, and the finding that must come first. The
// targets are real servers on loopback, a small balancer really forwards requests
// to them and writes the access log, and the emulator's target health comes from
// real probes. The tests need Python; "make test-all" sets it up and gives the
// build tag moto. It holds tests only. A new scenario is one more file, whose fields
// the type scenario explains.
//
// Addresses: the set-up says 10.x.y.z, the lab serves and dials 127.x.y.z. Time:
// what takes a second in AWS takes a twentieth of that in the lab, and is written
// into logs and metrics as AWS would write it.
package diagnose
