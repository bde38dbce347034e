// Package demo writes trees of ALB access logs in which the truth is known.
//
// In goes a seed and the shape of an incident (Options); out come the objects
// that AWS would have delivered for it, below a folder, and the Truth: what
// each request was. The package decides the fate of a request first ("this
// connection was refused") and then writes the line that AWS writes in that
// case. It never reads or classifies a line, and imports nothing of the
// project, so its truth is an oracle of its own.
//
// The same Options give the same bytes and the same truth, whatever the number
// of workers.
//
// Source of the format: AWS, "Access logs for your Application Load Balancer",
// "Troubleshoot your Application Load Balancers", "Health check logs",
// "Connection logs"; read 2026-11.
package demo
