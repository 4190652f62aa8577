package files

import (
	"path/filepath"

	"stile/diag"
	"stile/internal/config"
	"stile/internal/config/doctree"
)

// authorizations checks that those of stile.yaml name connections that give tokens.
func (l *loader) authorizations(p *Project) {
	for _, a := range p.Config.Authorizations {
		d := diag.Diagnostic{Code: config.CodeNoSuch, Severity: diag.Error, File: filepath.ToSlash(p.Config.File), Line: a.Line, Column: a.Column}
		switch c := p.Connections[a.Connection]; {
		case c == nil:
			d.Message = "authorization " + a.Provider + "/" + a.ID + " names connection " + a.Connection + ", which is not there"
			d.Hint = near(a.Connection, p.Connections, "add connections/"+a.Connection+".yaml")
		case c.OAuth == nil:
			d.Code, d.Message = doctree.CodeValue, "connection "+a.Connection+" of authorization "+a.Provider+"/"+a.ID+" gives no tokens"
			d.Hint = "name one of AuthorizationType OAUTH_CLIENT_CREDENTIALS"
		default:
			continue
		}
		l.faults = append(l.faults, d)
	}
}
