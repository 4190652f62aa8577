package observe

import (
	"testing"

	"stile/policy/exchange"
)

// TestNoPathShowsACallback: a URL that was mangled on its way still holds a token
// that its owner can use.
func TestNoPathShowsACallback(t *testing.T) {
	shop, reserve := &exchange.API{ID: "shop", Path: "shop"}, &exchange.Operation{ID: "reserve", URLTemplate: "/reserve"}
	for _, tt := range []struct {
		api  *exchange.API
		op   *exchange.Operation
		path string
		want string
	}{
		{nil, nil, "/callbacks/TOKEN", "/callbacks/***"},
		{nil, nil, "/Callbacks/TOKEN/fail", "/Callbacks/***"},
		{nil, nil, "/gate/callbacks/TOKEN", "/gate/callbacks/***"},
		{shop, nil, "/shop/callbacks/TOKEN/x", "/shop/callbacks/***"},
		{nil, nil, "/callbacks;v=1/TOKEN", "/callbacks;v=1/***"},
		{&exchange.API{ID: "callbacks", Path: "callbacks"}, nil, "/callbacks/TOKEN/x", "/callbacks/***"},
		{&exchange.API{ID: "callbacks", Path: "callbacks"}, &exchange.Operation{URLTemplate: "/{token}"}, "/callbacks/TOKEN", "/callbacks/{token}"},
		{nil, nil, "/callbacks", "/callbacks"},
		{shop, reserve, "/shop/callbacks/7", "/shop/callbacks/7"},
		{nil, nil, "/other/TOKEN", "/other/TOKEN"},
	} {
		ex := &exchange.Exchange{API: tt.api, Operation: tt.op}
		ex.Request.OriginalURL.Path = tt.path
		if got := shownPath(ex); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.path, got, tt.want)
		}
	}
}
