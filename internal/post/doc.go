// Package post delivers a few bytes to a webhook: an address and a body go in, an
// error comes out. It tries again where that may help, and gives up in time.
//
// It is a package of its own because a webhook's URL is a secret and nothing else
// here speaks to anyone but AWS: the one place that sees the whole URL is small
// enough to be read, and no error it returns contains more than the host.
//
// Source: Slack, "Sending messages using incoming webhooks" and "Rate limits",
// read 2026-11; RFC 9110, 10.2.3 (Retry-After).
package post
