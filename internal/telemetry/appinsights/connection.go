package appinsights

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"
)

// Connection is what a connection string says.
type Connection struct {
	// Key is the instrumentation key.
	Key string
	// Endpoint is the ingestion endpoint's URL, without trailing slash.
	Endpoint string
}

const defaultEndpoint = "https://dc.services.visualstudio.com"

// ParseConnection reads an Application Insights connection string: Name=Value
// pairs between semicolons, names in any case. InstrumentationKey is required;
// IngestionEndpoint, else Location and EndpointSuffix, say where to send. Errors
// never quote the text, which is a secret.
func ParseConnection(text string) (Connection, error) {
	fields := map[string]string{}
	for part := range strings.SplitSeq(text, ";") {
		if strings.TrimSpace(part) == "" {
			continue
		}
		name, value, ok := strings.Cut(part, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		if !ok {
			return Connection{}, errors.New("the connection string has a part without =: copy it whole from the resource's overview page")
		}
		if _, twice := fields[name]; twice {
			return Connection{}, errors.New("the connection string has a name that stands twice")
		}
		fields[name] = strings.TrimSpace(value)
	}
	c := Connection{Key: fields["instrumentationkey"], Endpoint: defaultEndpoint}
	if c.Key == "" {
		return c, errors.New("the connection string has no InstrumentationKey")
	}
	if strings.ContainsAny(c.Key, " \t\r\n\"") {
		return c, errors.New("the connection string's InstrumentationKey is no key")
	}
	if a := fields["authorization"]; a != "" && !strings.EqualFold(a, "ikey") {
		return c, errors.New("the connection string asks for an authorization other than ikey, which is not supported")
	}
	switch suffix := fields["endpointsuffix"]; {
	case fields["ingestionendpoint"] != "":
		c.Endpoint = strings.TrimRight(fields["ingestionendpoint"], "/")
	case suffix != "" && fields["location"] != "":
		c.Endpoint = "https://" + fields["location"] + ".dc." + suffix
	case suffix != "":
		c.Endpoint = "https://dc." + suffix
	}
	u, err := url.Parse(c.Endpoint)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())) {
		return c, errors.New("the connection string's ingestion endpoint is no https URL")
	}
	return c, nil
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}
