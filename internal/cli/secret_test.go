package cli

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	secretFresh   = `{"ref":"env://A","status":"fresh","fetched":"x","age":90,"error":"","usedBy":["named value a","access key K"]}`
	secretMissing = `{"ref":"kv://acme/b","status":"missing","fetched":null,"age":null,"error":"it cannot be reached","usedBy":["connection b"]}`
)

// secretAPI answers with secrets as they stand, and others after a refresh.
func secretAPI(now, then string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /-/v1/secrets", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"secrets":[` + now + `]}`)) })
	mux.HandleFunc("POST /-/v1/secrets/refresh", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"secrets":[` + then + `]}`)) })
	return mux
}

func TestSecretCommands(t *testing.T) {
	const head = "REFERENCE    STATUS   FETCHED  AGE    USED BY                      LAST ERROR\n"
	const both = head + "env://A      fresh    x        1m30s  named value a, access key K\n" +
		"kv://acme/b  missing  -        -      connection b                 it cannot be reached\n"
	const one = "REFERENCE  STATUS  FETCHED  AGE    USED BY                      LAST ERROR\n" +
		"env://A    fresh   x        1m30s  named value a, access key K\n"
	for _, c := range []struct {
		now, then string
		args      []string
		want      result
	}{
		{secretFresh + "," + secretMissing, "", []string{"secret", "list"}, result{0, both, ""}},
		{"", "", []string{"secret", "list"}, result{0, "", "the project refers to no secrets\n"}},
		{secretMissing, secretFresh, []string{"secret", "refresh"}, result{0, one, ""}},
		{secretFresh, secretFresh + "," + secretMissing, []string{"secret", "refresh"},
			result{1, both, "stile: kv://acme/b has no value that may be used: it cannot be reached\n"}},
	} {
		if d := cmp.Diff(c.want, run(t, App{}, secretAPI(c.now, c.then), "", c.args...), cmp.AllowUnexported(result{})); d != "" {
			t.Errorf("%q:\n%s", c.args, d)
		}
	}
}
