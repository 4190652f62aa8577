package app

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"stile/internal/audit"
	"stile/internal/gateway"
	"stile/internal/kv/kvtest"
	"stile/internal/kv/memkv"
	"stile/internal/policies"
	"stile/policy/exchange"
)

// largePolicy is a document of one header.
func largePolicy(section, name, value string) string {
	return `<policies><inbound><base /><set-header name="` + name + `" exists-action="override"><value>` + value + `</value></set-header></inbound>` +
		`<backend>` + section + `</backend><outbound><base /></outbound><on-error><base /></on-error></policies>`
}

// largeProject writes a project: APIs of 50 operations, each with a document of its
// own, 20 products, and subscriptions whose two keys are digests.
func largeProject(tb testing.TB, apis, subscriptions int) string {
	tb.Helper()
	dir := tb.TempDir()
	put := func(text string, parts ...string) {
		path := filepath.Join(append([]string{dir}, parts...)...)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	put("name: large\n", "stile.yaml")
	put(strings.ReplaceAll(largePolicy("<forward-request />", "X-Global", "0"), "<base />", ""), "apim", "policy.xml")
	for i := range apis {
		api := fmt.Sprint("api", i)
		put(fmt.Sprintf(`{"properties":{"displayName":"API %d","path":"path%d","serviceUrl":"http://127.0.0.1:9"}}`, i, i), "apim", "apis", api, "apiInformation.json")
		put(largePolicy("<base />", "X-API", "1"), "apim", "apis", api, "policy.xml")
		var spec strings.Builder
		spec.WriteString("openapi: 3.0.1\ninfo: {title: large, version: '1'}\npaths:\n")
		for k := range 50 {
			fmt.Fprintf(&spec, "  /things%d/{id}:\n    get:\n      operationId: op%d\n      parameters:\n        - {name: id, in: path, required: true, schema: {type: string}}\n      responses: {'200': {description: ok}}\n", k, k)
			put(largePolicy("<base />", "X-Operation", "1"), "apim", "apis", api, "operations", fmt.Sprint("op", k), "policy.xml")
		}
		put(spec.String(), "apim", "apis", api, "specification.yaml")
	}
	const products = 20
	for i := range products {
		name := fmt.Sprint("product", i)
		put(`{"properties":{"displayName":"Product","state":"published","subscriptionRequired":true}}`, "apim", "products", name, "productInformation.json")
		var ids []string
		for k := i; k < apis; k += products {
			ids = append(ids, fmt.Sprintf(`{"name":"api%d"}`, k))
		}
		put("["+strings.Join(ids, ",")+"]", "apim", "products", name, "apis.json")
	}
	for i := range subscriptions {
		put(fmt.Sprintf(`{"properties":{"displayName":"S %d","scope":"/products/product%d","state":"active","primaryKey":{"sha256":"%x"},"secondaryKey":{"sha256":"%x"}}}`,
			i, i%products, sha256.Sum256(fmt.Append(nil, "primary-", i)), sha256.Sum256(fmt.Append(nil, "secondary-", i))),
			"apim", "subscriptions", fmt.Sprint("s", i), "subscriptionInformation.json")
	}
	return dir
}

// largeServer is a server of which the gateway runs alone; its backend answers at once.
func largeServer(tb testing.TB, dir string) *server {
	tb.Helper()
	s := &server{opts: Options{Dirs: []string{dir}}, mode: modeDev, log: slog.New(slog.DiscardHandler)}
	s.secrets = newSecrets(s.log, nil)
	store := memkv.New(nil)
	tb.Cleanup(func() { _ = store.Close() })
	book, err := audit.Open(auditKV{store}, time.Now)
	if err != nil {
		tb.Fatal(err)
	}
	s.audit = &auditor{book: book, log: s.log}
	s.gateway = gateway.New(gateway.Config{Now: time.Now, NewGUID: newGUID, Rand: randomUint64, Counters: policies.NewCounters(),
		Backend: exchange.CallerFunc(func(_ context.Context, ex *exchange.Exchange) error {
			ex.Response.StatusCode = 200
			return nil
		})})
	return s
}

// reload takes a project up as a change of paths does.
func (s *server) reload(tb testing.TB, paths ...string) {
	tb.Helper()
	s.folder.Changed(append([]string{}, paths...))
	s.load1(tb)
}

func (s *server) load1(tb testing.TB) {
	tb.Helper()
	l, err := s.load()
	if err != nil {
		tb.Fatal(err)
	}
	if len(l.warnings) > 0 {
		tb.Fatal(l.warnings[0])
	}
	s.gateway.Swap(l.snapshot)
}

// BenchmarkUnitLoadLarge reads, compiles and swaps in a project of 10,000 operations and
// 50,000 subscriptions: as a whole, after a change of one operation's document, after one
// of the global document, after one more subscription.
func BenchmarkUnitLoadLarge(b *testing.B) {
	dir := largeProject(b, 200, 50_000)
	b.Run("fresh", func(b *testing.B) {
		kvtest.CPU(b, func() {
			for b.Loop() {
				largeServer(b, dir).load1(b)
			}
		})
	})
	s := largeServer(b, dir)
	s.load1(b)
	change := func(name, path string, text func(i int) string) {
		b.Run(name, func(b *testing.B) {
			kvtest.CPU(b, func() {
				for i := 0; b.Loop(); i++ {
					at := filepath.Join(dir, "apim", filepath.FromSlash(strings.ReplaceAll(path, "#", fmt.Sprint(i))))
					if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
						b.Fatal(err)
					}
					if err := os.WriteFile(at, []byte(text(i)), 0o600); err != nil {
						b.Fatal(err)
					}
					s.reload(b, at)
				}
			})
		})
	}
	change("operation", "apis/api7/operations/op7/policy.xml", func(i int) string { return largePolicy("<base />", "X-Operation", fmt.Sprint(i)) })
	change("global", "policy.xml", func(i int) string {
		return strings.ReplaceAll(largePolicy("<forward-request />", "X-Global", fmt.Sprint(i)), "<base />", "")
	})
	change("subscription", "subscriptions/more#/subscriptionInformation.json", func(i int) string {
		return fmt.Sprintf(`{"properties":{"displayName":"S","scope":"/products/product1","state":"active","primaryKey":{"sha256":"%x"}}}`, sha256.Sum256(fmt.Append(nil, "more-", i)))
	})
}
