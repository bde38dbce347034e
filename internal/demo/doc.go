// Package demo writes trees of Elastic Load Balancing's logs in which the truth
// is known: access, connection and health check logs of Application Load
// Balancers, TLS logs of a Network and access logs of Classic Load Balancers.
//
// In goes a seed and the shape of an incident (Options); out come the objects
// that AWS would have delivered for it, below a folder, and the Truth: what
// each request, connection and check was. The package decides the fate of a
// request first ("this connection was refused") and then writes the line that
// AWS writes in that case. It never reads or classifies a line, and imports
// nothing of the project, so its truth is an oracle of its own.
//
// The same Options give the same bytes and the same truth, whatever the number
// of workers.
//
// Source of the formats: AWS's guides to Application, Network and Classic Load
// Balancers, the chapters on logs and troubleshooting; read 2026-11.
package demo
