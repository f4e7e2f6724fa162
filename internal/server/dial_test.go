package server

import "testing"

// TestPublicOnly: a record in the DNS of a stranger must not have us post to
// what stands beside us.
func TestPublicOnly(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"198.51.100.1:443": true, "[2001:db8::1]:443": true,
		"127.0.0.1:443": false, "[::1]:443": false, "0.0.0.0:443": false, "[::ffff:127.0.0.1]:443": false,
		"10.0.0.1:443": false, "172.16.3.4:443": false, "192.168.1.1:443": false, "[::ffff:10.0.0.1]:443": false,
		"169.254.169.254:80": false, "[fe80::1%eth0]:443": false, "[fd00::1]:443": false, "224.0.0.1:443": false,
		"nonsense": false,
	} {
		if err := publicOnly("tcp", address, nil); (err == nil) != want {
			t.Errorf("%s: %v", address, err)
		}
	}
}
