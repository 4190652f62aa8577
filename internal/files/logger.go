package files

import (
	"path/filepath"
	"slices"
	"strings"

	"stile/internal/apim"
	"stile/internal/config/doctree"
)

// logger reads loggers/NAME/loggerInformation.json or .yaml: a logger of type azureEventHub is
// what log-to-eventhub names. Others are Application Insights' and Azure Monitor's,
// which stile.yaml configures: they are passed over with a warning.
func (s *serviceLoader) logger(folder, name string) (*apim.Logger, bool) {
	dir := filepath.Join(folder, name)
	l := &apim.Logger{ID: name}
	file := "loggerInformation.json"
	if slices.ContainsFunc(s.list(dir), func(e *branch) bool { return e.name == "loggerInformation.yaml" }) {
		file = "loggerInformation.yaml"
	}
	var kind, ignored string
	var buffered bool
	var from *doctree.Reader
	var credentials *doctree.Node
	place, ok := s.information("logger "+name, func(r *doctree.Reader) []doctree.Field {
		return []doctree.Field{
			{Name: "loggerType", Required: true, Read: r.OneOf(&kind, "azureEventHub", "applicationInsights", "azureMonitor")},
			{Name: "description", Read: r.Text(&ignored)},
			{Name: "isBuffered", Read: r.Bool(&buffered)},
			{Name: "resourceId", Read: r.Text(&ignored)},
			{Name: "credentials", Read: func(n *doctree.Node) { from, credentials = r, n }},
		}
	}, dir, file)
	s.rest(dir, file)
	l.Place = place
	switch {
	case !ok:
	case kind != "azureEventHub":
		s.unused(s.name(dir, file), "a logger of type "+kind)
	case credentials == nil:
		s.fault(place.File, doctree.CodeValue, "logger "+name+" has no credentials", "name the Event Hub and how it is reached")
	default:
		s.hub(from, credentials, l)
		return l, true
	}
	return nil, false
}

// hub reads the credentials of an Event Hub.
func (s *serviceLoader) hub(from *doctree.Reader, n *doctree.Node, l *apim.Logger) {
	r := doctree.NewReader(from.Source())
	r.Loose = true
	defer func() { s.faults = append(s.faults, r.Faults()...) }()
	var client string
	told := false
	r.Map(n, "credentials of the logger",
		doctree.Field{Name: "name", Required: true, Read: r.NonEmpty(&l.Hub)},
		doctree.Field{Name: "endpointAddress", Read: r.NonEmpty(&l.Endpoint)},
		doctree.Field{Name: "identityClientId", Read: r.Text(&client)},
		doctree.Field{Name: "connectionString", Read: func(v *doctree.Node) {
			if v.Kind == doctree.Map {
				readSecret(r, v, s.dir, &l.Ref)
				return
			}
			named, open := strings.CutPrefix(strings.TrimSpace(v.Text), "{{")
			named, closed := strings.CutSuffix(named, "}}")
			if told = !open || !closed || named == ""; told {
				r.Fault(v, CodeSecret, "a connection string must not be written out here", `write "{{NAMED-VALUE}}", or { "secret": "REFERENCE" }`)
				return
			}
			l.NamedValue = named
		}})
	if !strings.EqualFold(client, "SystemAssigned") {
		l.ClientID = client
	}
	if !told && l.Endpoint == "" && l.NamedValue == "" && l.Ref.IsZero() {
		r.Fault(n, doctree.CodeValue, "the logger has neither connectionString nor endpointAddress", "write one of them")
	}
}
