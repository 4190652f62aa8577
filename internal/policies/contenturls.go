package policies

import (
	"bytes"
	"context"
	"strings"

	"stile/policy"
	"stile/policy/exchange"
)

// redirectContentURLs is https://learn.microsoft.com/azure/api-management/redirect-content-urls-policy.
// A body with a Content-Encoding is left as it is.
var redirectContentURLs = policy.Descriptor{
	Name: "redirect-content-urls", Sections: policy.Inbound | policy.Outbound, Scopes: policy.AnyScope, Once: true,
	Doc: "Puts the gateway's address in the place of the backend's in a response body, and the other way round in a request body.",
	Compile: func(c *policy.Compiler, _ *policy.Element) policy.Run {
		side, responding := sideOf(c), c.Responding()
		return func(_ context.Context, ex *exchange.Exchange, _ *policy.Env) error {
			return redirectContent(ex, side, responding)
		}
	},
}

func redirectContent(ex *exchange.Exchange, side message, responding bool) error {
	gateway, backends := gatewayAddress(ex), backendAddresses(ex)
	header, body := side(ex)
	if gateway == "" || len(backends) == 0 || header.Has("Content-Encoding") {
		return nil
	}
	data, err := (*body).Bytes()
	if err != nil || len(data) == 0 {
		return err
	}
	out := data
	if responding {
		for _, b := range backends {
			if out, err = replaceAddress(out, b, gateway); err != nil {
				return err
			}
		}
	} else if out, err = replaceAddress(out, gateway, backends[0]); err != nil {
		return err
	}
	if bytes.Equal(out, data) {
		return nil
	}
	header.Del("Content-Length")
	*body = exchange.Bytes(out)
	return nil
}

// gatewayAddress is the API's address as the caller knows it, without trailing slash.
func gatewayAddress(ex *exchange.Exchange) string {
	u := ex.Request.OriginalURL
	if u.Host == "" {
		return ""
	}
	u.Path, u.Query = "", nil
	if ex.API != nil {
		u.Path = strings.TrimRight("/"+strings.Trim(ex.API.Path, "/"), "/")
	}
	return strings.TrimRight(u.String(), "/")
}

// backendAddresses are the addresses that stand for the backend: the one that was
// called, and the API's own.
func backendAddresses(ex *exchange.Exchange) (out []string) {
	add := func(s string) {
		s = strings.TrimRight(s, "/")
		if !strings.HasPrefix(s, "http://") && !strings.HasPrefix(s, "https://") {
			return
		}
		for _, known := range out {
			if known == s {
				return
			}
		}
		out = append(out, s)
	}
	add(ex.Backend.BaseURL)
	if ex.API != nil {
		add(ex.API.ServiceURL)
	}
	return out
}

// replaceAddress replaces an address wherever it ends as one, and where JSON has
// escaped its slashes.
func replaceAddress(data []byte, old, by string) ([]byte, error) {
	escape := func(s string) string { return strings.ReplaceAll(s, "/", `\/`) }
	data, err := replaceWhole(data, old, by)
	if err != nil {
		return nil, err
	}
	return replaceWhole(data, escape(old), escape(by))
}

// replaceWhole never makes more than is buffered: the caller chooses how long the
// gateway's address is, by its Host field.
func replaceWhole(data []byte, old, by string) ([]byte, error) {
	if !bytes.Contains(data, []byte(old)) {
		return data, nil
	}
	out := make([]byte, 0, len(data))
	for {
		i := bytes.Index(data, []byte(old))
		if i < 0 {
			if len(out)+len(data) > exchange.MaxBuffered {
				return nil, exchange.ErrBodyTooLarge
			}
			return append(out, data...), nil
		}
		out = append(out, data[:i]...)
		rest := data[i+len(old):]
		if endsAddress(rest) {
			out = append(out, by...)
		} else {
			out = append(out, old...)
		}
		data = rest
		if len(out) > exchange.MaxBuffered {
			return nil, exchange.ErrBodyTooLarge
		}
	}
}

// endsAddress tells whether no host, port or path goes on: http://a is not in
// http://a.example nor in http://ab.
func endsAddress(rest []byte) bool {
	if len(rest) == 0 {
		return true
	}
	word := func(c byte) bool {
		return c == '-' || c == '_' || c == '%' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80
	}
	switch c := rest[0]; {
	case c == '.' || c == ':' || c == '@':
		return len(rest) < 2 || !word(rest[1])
	default:
		return !word(c)
	}
}
