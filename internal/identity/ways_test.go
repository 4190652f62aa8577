package identity

import (
	"testing"

	"stile/internal/reach"
)

// TestPermitted: discovered addresses lie on the issuer's host or on public ones.
func TestPermitted(t *testing.T) {
	for _, tt := range []struct {
		issuer, target string
		ok             bool
		level          reach.Level
	}{
		{"https://id.example.com", "https://id.example.com/keys", true, reach.Inside},
		{"https://id.example.com", "https://ID.example.com/keys", true, reach.Inside},
		{"https://id.example.com", "https://keys.example.net/x", true, reach.Public},
		{"https://id.example.com", "http://id.example.com/keys", false, 0},
		{"https://id.example.com", "http://127.0.0.1/keys", false, 0},
		{"https://id.example.com", "https://127.0.0.1/keys", false, 0},
		{"https://id.example.com", "https://10.0.0.1/keys", false, 0},
		{"https://id.example.com", "https://user@id.example.com/keys", false, 0},
		{"https://id.example.com", "file:///etc/passwd", false, 0},
		{"https://id.example.com", "", false, 0},
		{"https://10.0.0.1", "https://10.0.0.1/keys", true, reach.Inside},
		{"https://10.0.0.1", "https://10.0.0.2/keys", false, 0},
		{"http://127.0.0.1:80", "http://127.0.0.1:80/keys", true, reach.Inside},
		{"http://127.0.0.1:80", "http://127.0.0.1:81/keys", false, 0},
		{"http://10.0.0.1", "http://10.0.0.1/keys", false, 0},
		{"https://169.254.169.254", "https://169.254.169.254/keys", false, 0},
		{"https://id.example.com", "https://169.254.169.254/latest", false, 0},
		{"https://id.example.com", "https://[::ffff:169.254.169.254]/latest", false, 0},
		{"https://id.example.com", "https://168.63.129.16/", false, 0},
		{"https://id.example.com", "https://100.100.100.200/", false, 0},
		{"https://id.example.com", "https://[fd00:ec2::254]/", false, 0},
	} {
		level, err := Permitted(tt.issuer, tt.target)
		if (err == nil) != tt.ok || tt.ok && level != tt.level {
			t.Errorf("%s → %s: %v, %v", tt.issuer, tt.target, level, err)
		}
	}
}
