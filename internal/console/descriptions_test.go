package console

import (
	"net/http"
	"testing"

	"stile/internal/apim"
)

func TestDescriptionIsGivenAsItIs(t *testing.T) {
	const text = "# mine\nopenapi: 3.0.0\n"
	cfg := config(newFake())
	cfg.Description = func(api, revision string) *apim.Description {
		if api != "orders" || revision != "" && revision != "2" {
			return nil
		}
		return &apim.Description{Text: text + revision, MediaType: "application/vnd.oai.openapi"}
	}
	h := New(cfg)
	for path, want := range map[string]string{"/-/v1/apis/orders/specification": text, "/-/v1/apis/orders/specification?revision=2": text + "2"} {
		if w := get(t, h, path); w.Code != http.StatusOK || w.Body.String() != want || w.Header().Get("Content-Type") != "application/vnd.oai.openapi" {
			t.Errorf("%s: %d %q %v", path, w.Code, w.Body, w.Header())
		}
	}
	if w := get(t, h, "/-/v1/apis/other/specification"); w.Code != http.StatusNotFound {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestDescriptionNeedsAPermission(t *testing.T) {
	cfg := config(newFake())
	cfg.Permissions = allowing(func(action string, _ []string) bool { return action != "apim:Invoke" && action != readTrace })
	cfg.Description = func(string, string) *apim.Description { return &apim.Description{Text: "secret"} }
	if w := get(t, New(cfg), "/-/v1/apis/orders/specification"); w.Code != http.StatusForbidden {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
