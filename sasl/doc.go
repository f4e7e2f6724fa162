// Package sasl has the mechanisms of the Simple Authentication and Security
// Layer (RFC 4422), both sides: PLAIN (RFC 4616), LOGIN (as the expired draft
// murchison-sasl-login describes it), SCRAM-SHA-256 and SCRAM-SHA-256-PLUS
// (RFC 5802, RFC 7677).
//
// An exchange is a Server and a Client that hand each other messages; the
// protocol in between encodes them (in base64, mostly) and knows nothing of
// what they say. A Server is made for one exchange and is told by functions
// what the passwords or keys are. The same functions tell its maker who has
// been authenticated, so nothing has to be asked of the Server afterwards.
//
// The words are those of RFC 4422 §3.4.1: the authentication identity
// (authcid) is the one whose secret is shown; the authorization identity
// (authzid) is the one to act as, empty for the same.
//
// # Guarantees
//
// Messages are bounded by MaxMessage, whatever the protocol allows. SCRAM
// answers an unknown user exactly as a known one with a wrong password: salt
// and iteration count are made up from a secret of the server and always the
// same for the same name.
//
// # Caveats
//
// PLAIN and LOGIN show the password to the server: offer them only under TLS.
// A SCRAM client is authenticated when the server says so, but the server is
// only then: a protocol's client must call Finish when it hears of success.
// Channel binding protects only if the client insists on it, and some clients
// give up when a server offers the -PLUS mechanism without their type of
// binding.
package sasl
