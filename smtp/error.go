package smtp

import "errors"

// An Error is a failure together with what the peer is told about it.
type Error struct {
	Reply Reply // 4yz or 5yz; shown to the peer
	Err   error // the cause, for the log only; may be nil
}

// NewError returns an Error with one line of public text.
func NewError(code int, enhanced EnhancedCode, text string) *Error {
	return &Error{Reply: Reply{Code: code, Enhanced: enhanced, Lines: []string{text}}}
}

// WithCause returns a copy of e with a cause for the log.
func (e *Error) WithCause(err error) *Error {
	return &Error{Reply: e.Reply, Err: err}
}

// Error returns the reply and the cause. It is meant for logs.
func (e *Error) Error() string {
	if e.Err == nil {
		return e.Reply.String()
	}
	return e.Reply.String() + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Temporary tells whether trying again later may help.
func (e *Error) Temporary() bool { return e.Reply.Temporary() }

// ReplyTo returns what the peer is told about err: the reply of an *Error in
// its chain, else 451 4.3.0, because an error that nobody foresaw must neither
// lose mail for good nor show its insides.
func ReplyTo(err error) Reply {
	var e *Error
	if errors.As(err, &e) && e.Reply.Code >= 400 && e.Reply.Code <= 599 {
		return e.Reply
	}
	return Reply{
		Code:     451,
		Enhanced: EnhancedCode{4, 3, 0},
		Lines:    []string{"Temporary failure, please try again later"},
	}
}
