package files

import (
	"path/filepath"
	"strings"

	"stile/internal/apim"
	"stile/internal/config"
	"stile/internal/config/doctree"
	"stile/policy/exchange"
)

// apiType reads whether an API is one of requests or of WebSocket connections.
func apiType(r *doctree.Reader, kind *string, a *apim.API) func(*doctree.Node) {
	return func(n *doctree.Node) {
		r.OneOf(kind, "http", "websocket")(n)
		a.WebSocket = *kind == "websocket"
	}
}

// handshakeID is the id of the one operation of a WebSocket API.
const handshakeID = "onHandshake"

// handshake gives a WebSocket API its operation, and checks where it leads.
func (s *serviceLoader) handshake(a *apim.API) {
	a.Operations = []*apim.Operation{{Place: a.Place, Operation: exchange.Operation{
		ID: handshakeID, Name: handshakeID, Method: "GET", URLTemplate: "/*"}}}
	if scheme, _, _ := strings.Cut(a.ServiceURL, "://"); a.ServiceURL != "" && scheme != "ws" && scheme != "wss" {
		s.fault(a.Place.File, doctree.CodeValue, "the serviceUrl of the WebSocket API "+a.ID+" is no ws or wss URL", "write for example wss://chat.example.com")
	}
}

// revision checks an API's revision against its folder's name.
func (s *serviceLoader) revision(a *apim.API, folder string) {
	if folder != "" && a.Revision != folder {
		s.fault(a.Place.File, doctree.CodeValue, "apiRevision is "+a.Revision+", and the folder is that of revision "+folder, "rename the folder, or change apiRevision")
	}
	if scheme, _, _ := strings.Cut(a.ServiceURL, "://"); !a.WebSocket && (scheme == "ws" || scheme == "wss") {
		s.fault(a.Place.File, doctree.CodeValue, "API "+a.ID+" leads to a WebSocket and has not the type websocket", `add "type": "websocket"`)
	}
}

// releases reads the notes with which revisions were made current. isCurrent alone
// says which one is; a release of a revision that is not there is a fault.
func (s *serviceLoader) releases(folder string) (out []release) {
	s.each(folder, func(_ *branch, folder, name string) {
		dir := filepath.Join(folder, name)
		file := "apiReleaseInformation.json"
		if _, ok := s.read(dir, file); !ok {
			file = "releaseInformation.json"
		}
		var apiID, ignored string
		place, ok := s.information("release "+name, func(r *doctree.Reader) []doctree.Field {
			return []doctree.Field{
				{Name: "apiId", Required: true, Read: r.NonEmpty(&apiID)},
				{Name: "notes", Read: nullable(r.Text(&ignored))},
				{Name: "createdDateTime", Read: nullable(r.Text(&ignored))},
				{Name: "updatedDateTime", Read: nullable(r.Text(&ignored))},
			}
		}, dir, file)
		s.rest(dir, file)
		if ok {
			out = append(out, release{place, s.qualify(lastSegment(apiID))})
		}
	})
	return out
}

// release names an API, or one of its revisions by ;rev=N.
type release struct {
	place apim.Place
	api   string
}

// revisions checks the revisions of all APIs against each other: one of each API is
// current, and the others are reached where it is.
func (s *serviceLoader) revisions() {
	current, byRevision := map[string]*apim.API{}, map[string]*apim.API{}
	var order []*apim.API
	for _, a := range s.svc.APIs {
		id := a.ID + ";rev=" + a.Revision
		if other := byRevision[id]; other != nil {
			s.fault(a.Place.File, doctree.CodeDuplicate, "API "+a.ID+" has revision "+a.Revision+" twice, here and in "+other.Place.File, "remove one of them")
		}
		byRevision[id] = a
		switch other := current[a.ID]; {
		case !a.IsCurrentRevision:
			order = append(order, a)
		case other != nil:
			s.fault(a.Place.File, doctree.CodeDuplicate, "API "+a.ID+" has two current revisions, "+other.Revision+" and "+a.Revision, `write "isCurrent": false in one of them`)
		default:
			current[a.ID] = a
		}
	}
	for _, a := range order {
		now := current[a.ID]
		switch {
		case now == nil:
			s.fault(a.Place.File, config.CodeNoSuch, "API "+a.ID+" has no current revision", `write "isCurrent": true in one of its revisions`)
			current[a.ID] = a // told of once
		case !now.IsCurrentRevision:
		case !strings.EqualFold(a.Path, now.Path) || a.Version != now.Version || a.VersionScheme != now.VersionScheme || a.WebSocket != now.WebSocket:
			s.fault(a.Place.File, doctree.CodeValue, "revision "+a.Revision+" of API "+a.ID+" has another path, version or type than the current one, "+now.Revision,
				"revisions share them: what has others is another API or another version")
		}
	}
	for _, r := range s.released {
		id, _, revised := strings.Cut(r.api, ";rev=")
		if revised && byRevision[r.api] == nil || !revised && current[id] == nil {
			s.fault(r.place.File, config.CodeNoSuch, "the release is one of "+r.api+", which is not there", "")
		}
	}
}
