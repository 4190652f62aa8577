package login

import (
	"errors"
	"fmt"
	"net"
	"net/url"

	"stile/internal/config"
)

// RefuseOpen keeps `serve` from standing open: a control listener that others can
// reach needs a login, over TLS, under a name. Its error names the flag and what to
// do; id is what stile.yaml says, empty where it cannot be read.
func RefuseOpen(id config.Identity, o config.ServerOptions) error {
	for _, a := range []struct {
		flag, addr string
		tls        bool
	}{{"--control", o.Control, false}, {"--control-tls", o.ControlTLS, true}} {
		if config.Loopback(a.addr) {
			continue
		}
		if _, _, err := net.SplitHostPort(a.addr); err != nil {
			return fmt.Errorf("%s %s: %w", a.flag, a.addr, err)
		}
		is := a.flag + " " + a.addr + " is not a loopback address"
		u, err := url.Parse(id.URL)
		switch {
		case len(id.Providers) == 0:
			return errors.New(is + ", and " + config.FileName + " names no identity providers to log in with: keep it on 127.0.0.1")
		case err != nil || id.URL == "":
			return errors.New(is + ", and " + config.FileName + " does not say by which name it is reached: add identity.url, or keep it on 127.0.0.1")
		case !a.tls && u.Scheme != "https":
			return errors.New(is + ", and credentials would pass it in the clear: set identity.url to the https address of a proxy before it, use --control-tls, or keep it on 127.0.0.1")
		}
	}
	return nil
}
