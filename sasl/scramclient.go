package sasl

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/xdg-go/scram"
)

// NewSCRAMClient returns the client's side of a SCRAM-SHA-256 exchange. An
// empty authzid means to act as authcid.
func NewSCRAMClient(authzid, authcid, password string) Client {
	return &scramClient{authzid: authzid, authcid: authcid, password: password}
}

// NewSCRAMPlusClient returns the client's side of a SCRAM-SHA-256-PLUS
// exchange that is bound to the connection by binding.
func NewSCRAMPlusClient(authzid, authcid, password string, binding ChannelBinding) Client {
	return &scramClient{authzid: authzid, authcid: authcid, password: password, binding: binding}
}

type scramClient struct {
	authzid, authcid, password string

	binding      ChannelBinding
	nonce        func() string // nil for the library's, set by tests
	conversation *scram.ClientConversation
	answered     bool // the server's first message
}

func (c *scramClient) Start() (string, []byte, error) {
	if c.authcid == "" || c.password == "" || !isText(c.authzid+c.authcid) {
		return "", nil, ErrMalformed
	}
	client, err := scram.SHA256.NewClientUnprepped(
		Prepare(c.authcid), Prepare(c.password), Prepare(c.authzid))
	if err != nil {
		return "", nil, fmt.Errorf("sasl: %w", err)
	}
	client.WithMinIterations(MinIterations)
	if c.nonce != nil {
		client.WithNonceGenerator(c.nonce)
	}
	name := SCRAMSHA256
	c.conversation = client.NewConversation()
	if c.binding.Type != "" {
		name = SCRAMSHA256Plus
		c.conversation = client.NewConversationWithChannelBinding(c.binding.scram())
	}
	initial, err := c.conversation.Step("")
	return name, []byte(initial), err
}

func (c *scramClient) Next(challenge []byte) ([]byte, error) {
	if c.conversation == nil || len(challenge) > MaxMessage || c.conversation.Done() {
		return nil, ErrUnexpected
	}
	if !c.answered {
		c.answered = true
		if err := checkIterations(string(challenge)); err != nil {
			return nil, err
		}
	}
	response, err := c.conversation.Step(string(challenge))
	if err != nil {
		return nil, fmt.Errorf("sasl: server's message: %w", err)
	}
	return []byte(response), nil
}

// checkIterations refuses a server-first-message that would cost the client
// too much. Whether there are enough iterations, the library checks.
func checkIterations(message string) error {
	for field := range strings.SplitSeq(message, ",") {
		count, found := strings.CutPrefix(field, "i=")
		if !found {
			continue
		}
		if n, err := strconv.Atoi(count); err != nil || n > MaxIterations {
			return fmt.Errorf("sasl: server asks for %.20q iterations", count)
		}
	}
	return nil
}

func (c *scramClient) proven() bool {
	return c.conversation != nil && c.conversation.Valid()
}
