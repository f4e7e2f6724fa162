package smtpsession

import (
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/message"
	"github.com/mailstead/mailstead/smtp"
)

// unbinary makes a BINARYMIME message one that anybody can read and any server
// takes: its binary parts are in base64 from here on (RFC 3030 §3 asks that of
// who passes it on without the extension). It returns what is to be discarded,
// in any case.
func (s *session) unbinary(content *mailstore.Content) (*mailstore.Content, error) {
	r, err := content.Open()
	if err != nil {
		return content, err
	}
	defer r.Close()
	in := s.Backend.Mail.NewIngest(0) // base64 adds a third at most to what is within the limit
	defer in.Discard()
	if err := message.EncodeForSMTP(in, content.Structure(), r, content.Size()); err != nil {
		return content, err
	}
	encoded, err := in.Finish()
	if err != nil {
		return content, err
	}
	content.Discard()
	s.opts.Body = smtp.Body8BitMIME
	return encoded, nil
}
