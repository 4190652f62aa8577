package config

import (
	"regexp"
	"slices"
	"strings"

	"stile/diag"
	"stile/internal/config/doctree"
)

// AccessKey is one entry of access-keys: whoever signs a call of the Step
// Functions API with it speaks for its principal.
type AccessKey struct {
	ID     string
	Secret SecretRef
	// Principal is user:SUBJECT, app:ID or key:ID; key:ID of the key itself where
	// the file does not say.
	Principal string
	Line      int
}

// accessKeyID is what AWS takes as an access key's id (IAM's accessKeyIdType),
// shorter ones too: it stands in the credential scope, between slashes.
var accessKeyID = regexp.MustCompile(`^[A-Za-z0-9_]{1,128}$`)

// principalKinds are whom an access key may speak for.
var principalKinds = []string{"user", "app", "key"}

func (r *reader) accessKey(n *doctree.Node) {
	k := AccessKey{Line: n.Line}
	r.Map(n, "an access key",
		doctree.Field{Name: "id", Required: true, Read: func(n *doctree.Node) {
			r.NonEmpty(&k.ID)(n)
			if k.ID != "" && !accessKeyID.MatchString(k.ID) {
				r.Fault(n, doctree.CodeValue, "an access key's id has 1 to 128 letters, digits and _", "write for example AKIDORDERS")
			}
		}},
		doctree.Field{Name: "secret", Required: true, Read: r.secretRef("an access key's secret", &k.Secret)},
		doctree.Field{Name: "principal", Read: func(n *doctree.Node) {
			r.NonEmpty(&k.Principal)(n)
			kind, name, ok := strings.Cut(k.Principal, ":")
			if k.Principal != "" && (!ok || name == "" || strings.ContainsAny(name, " \t\n") || !slices.Contains(principalKinds, kind)) {
				r.Fault(n, doctree.CodeValue, "a principal is user:SUBJECT, app:ID or key:ID", "write for example user:ada@example.com")
			}
		}})
	if k.Principal == "" {
		k.Principal = "key:" + k.ID
	}
	if k.ID != "" && slices.ContainsFunc(r.cfg.AccessKeys, func(o AccessKey) bool { return o.ID == k.ID }) {
		r.Fault(n, doctree.CodeDuplicate, "another access key has the id "+k.ID, "")
	}
	r.cfg.AccessKeys = append(r.cfg.AccessKeys, k)
}

// veil takes the excerpt from every fault on a line where a secret may be written
// out: a diagnostic is printed, logged and kept by others.
func veil(faults diag.List) diag.List {
	for _, secret := range faults {
		if secret.Code != codeSecret {
			continue
		}
		for i := range faults {
			if faults[i].Line == secret.Line {
				faults[i].Excerpt = ""
			}
		}
	}
	return faults
}
