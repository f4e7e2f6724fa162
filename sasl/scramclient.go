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
	failed       bool
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

// Next never goes on after an error: the library would then hold a server for
// proven that says nothing but "e=".
func (c *scramClient) Next(challenge []byte) ([]byte, error) {
	if c.conversation == nil || c.failed || len(challenge) > MaxMessage || c.conversation.Done() {
		c.failed = true
		return nil, ErrUnexpected
	}
	response, err := c.step(string(challenge))
	c.failed = err != nil
	return response, err
}

func (c *scramClient) step(challenge string) ([]byte, error) {
	if !c.answered {
		c.answered = true
		if err := checkIterations(challenge); err != nil {
			return nil, err
		}
	}
	response, err := c.conversation.Step(challenge)
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
	return c.conversation != nil && !c.failed && c.conversation.Valid()
}
