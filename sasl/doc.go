// Package sasl has the mechanisms of the Simple Authentication and Security
// Layer (RFC 4422), both sides.
package sasl
