// Package when is the time range of a question: what --since and --until mean,
// in every command alike.
//
// Text and a clock come in, a half-open Window in UTC goes out. Nothing here
// reads a clock or the environment, and nothing is guessed: a text that two
// people could read in two ways is an error that names the fix.
package when
