package redis

import (
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// Endpoint is where a server is and how it is spoken to. It holds the password: it
// is never printed.
type Endpoint struct {
	// Address is host:port.
	Address            string
	Username, Password string
	// TLS says that the connection is encrypted and the server's name checked.
	TLS      bool
	Database int
}

// The errors of ParseEndpoint say nothing of the text, which may hold a password.
var (
	errEndpoint = errors.New("this is no address of a Redis server: write redis://HOST:PORT, rediss://HOST:PORT or Azure's HOST:PORT,password=…,ssl=True")
	errDatabase = errors.New("the path of a Redis address is the number of a database")
	errOption   = errors.New("an option of this connection string is not known")
)

// ParseEndpoint reads redis://USER:PASSWORD@HOST:PORT/DATABASE, rediss:// for TLS, or
// the connection string that Azure shows: HOST:PORT,password=…,ssl=True,….
func ParseEndpoint(text string) (Endpoint, error) {
	text = strings.TrimSpace(text)
	if !strings.Contains(text, "://") {
		return parseConnection(text)
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "redis" && u.Scheme != "rediss" || u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "" {
		return Endpoint{}, errEndpoint
	}
	e := Endpoint{Address: net.JoinHostPort(u.Hostname(), portOr(u.Port(), "6379")), TLS: u.Scheme == "rediss", Username: u.User.Username()}
	e.Password, _ = u.User.Password()
	if path := strings.Trim(u.Path, "/"); path != "" {
		if e.Database, err = strconv.Atoi(path); err != nil || e.Database < 0 {
			return Endpoint{}, errDatabase
		}
	}
	return e, nil
}

func portOr(port, fallback string) string {
	if port == "" {
		return fallback
	}
	return port
}

// parseConnection reads the connection string of StackExchange.Redis. What tunes that
// client alone (times, retries, names) means nothing here and is passed over.
func parseConnection(text string) (e Endpoint, err error) {
	parts := strings.Split(text, ",")
	host, port, err := net.SplitHostPort(strings.TrimSpace(parts[0]))
	if err != nil || host == "" || port == "" {
		return e, errEndpoint
	}
	e.Address = net.JoinHostPort(host, port)
	for _, part := range parts[1:] {
		name, value, _ := strings.Cut(part, "=")
		switch value = strings.TrimSpace(value); strings.ToLower(strings.TrimSpace(name)) {
		case "password":
			e.Password = value
		case "user":
			e.Username = value
		case "ssl":
			e.TLS = strings.EqualFold(value, "true")
		case "defaultdatabase":
			if e.Database, err = strconv.Atoi(value); err != nil || e.Database < 0 {
				return Endpoint{}, errDatabase
			}
		case "", "abortconnect", "allowadmin", "name", "connecttimeout", "connectretry", "synctimeout", "asynctimeout", "keepalive", "sslprotocols", "protocol":
		default:
			return Endpoint{}, errOption
		}
	}
	return e, nil
}
