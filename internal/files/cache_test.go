package files

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"stile/diag"
)

// folderNames and texts are small on purpose: edits meet.
var (
	editedFiles = []string{"stile.yaml", "assignments.yaml", "roles/r.json", "roles/q.json", "connections/c.yaml", "connections/c.yml",
		"workflows/w.asl.json", "workflows/w.asl.yaml", "workflows/w.workflow.yaml", "apim/policy.xml", "apim/stray.txt",
		"apim/apis/a/apiInformation.json", "apim/apis/a/specification.yaml", "apim/apis/a/specification.json", "apim/apis/a/policy.xml",
		"apim/apis/a/operations/get/policy.xml", "apim/apis/a/operations/put/policy.xml", "apim/apis/a/releases/one/apiReleaseInformation.json",
		"apim/apis/a;rev=2/apiInformation.json", "apim/apis/a;rev=2/specification.yaml", "apim/versionSets/v/versionSetInformation.json",
		"apim/products/p/productInformation.json", "apim/products/p/apis.json", "apim/products/p/groups/g/productGroupInformation.json", "apim/groups/g/groupInformation.json",
		"apim/subscriptions/s/subscriptionInformation.json", "apim/subscriptions/t/subscriptionInformation.json", "apim/backends/b/backendInformation.json",
		"apim/namedValues/n/namedValueInformation.json", "apim/named values/n/namedValueInformation.json", "apim/policyFragments/f/policy.xml",
		"apim/policyFragments/f/policyFragmentInformation.json", "apim/workspaces/w/workspaceInformation.json", "apim/workspaces/w/apis/a/apiInformation.json",
		"apim/workspaces/w/apis/a/specification.yaml", "apim/workspaces/w/groups/p/groupInformation.json", "apim/.hidden/x"}
	editedFolders = []string{"apim", "apim/apis", "apim/apis/a", "apim/apis/b", "apim/apis/a/operations", "apim/apis/a/operations/get", "apim/subscriptions",
		"apim/subscriptions/s", "apim/subscriptions/t", "workflows", "roles", "apim/workspaces/w", "apim/groups/g", "apim/versionSets", "gate"}
)

// textFor gives one of a few texts that a file of this name may have, good ones and bad.
func textFor(t *rapid.T, path string) string {
	pick := func(texts ...string) string {
		return rapid.SampledFrom(append(texts, "", "{", "x: [1")).Draw(t, "text")
	}
	switch name := filepath.Base(path); name {
	case "stile.yaml":
		return pick("name: x\n", "name: x\nsubscriptions:\n  - {id: s, name: S, owner: ann, dev-keys: [k1]}\n  - {id: d, name: D, scope: apis}\n", "name: x\ngateway: gate\n", "name: x\nworkflows: roles\n")
	case "apiInformation.json":
		return pick(`{"properties":{"path":"a"}}`, `{"properties":{"path":"a","apiVersion":"1","apiVersionSetId":"/versionSets/v"}}`, `{"properties":{"path":"a","isCurrent":false,"apiRevision":"2"}}`)
	case "specification.yaml", "specification.json":
		return pick(`{"openapi":"3.0.1","info":{"title":"a","version":"1"},"paths":{"/x":{"get":{"operationId":"get","responses":{}},"put":{"operationId":"put","responses":{}}}}}`,
			`{"openapi":"3.0.1","info":{"title":"a","version":"1"},"paths":{"/y":{"get":{"operationId":"get","responses":{}}}}}`)
	case "versionSetInformation.json":
		return pick(`{"properties":{"displayName":"v","versioningScheme":"Segment"}}`, `{"properties":{"displayName":"v","versioningScheme":"Header","versionHeaderName":"V"}}`)
	case "productInformation.json":
		return pick(`{"properties":{"displayName":"P","state":"published"}}`)
	case "apis.json":
		return pick(`[{"name":"a"}]`, `["b"]`)
	case "subscriptionInformation.json":
		return pick(`{"properties":{"displayName":"S","scope":"/apis"}}`, `{"properties":{"scope":"/products/p","ownerId":"/users/bob"}}`)
	case "apiReleaseInformation.json":
		return pick(`{"properties":{"apiId":"/apis/a;rev=2"}}`, `{"properties":{"apiId":"a"}}`)
	case "namedValueInformation.json":
		return pick(`{"properties":{"displayName":"n","value":"1"}}`, `{"properties":{"displayName":"m","value":"2"}}`)
	case "backendInformation.json":
		return pick(`{"properties":{"url":"http://b"}}`)
	case "w.asl.json", "w.asl.yaml":
		return pick(`{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}`)
	case "w.workflow.yaml":
		return pick("role: r\n", "type: EXPRESS\n", "states: {A: {limit: 10s}}\n")
	case "r.json", "q.json":
		return pick(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"apim:Invoke","Resource":"api/**"}]}`)
	case "c.yaml", "c.yml":
		return pick("AuthorizationType: API_KEY\nAuthParameters: {ApiKeyAuthParameters: {ApiKeyName: X, ApiKeyValue: {secret: 'env://X'}}}\n")
	case "assignments.yaml":
		return pick("assignments:\n  - {who: user:ann, role: r}\n")
	default:
		if strings.HasSuffix(name, ".xml") {
			return pick("<policies />", "<policies><inbound /></policies>", "<fragment />")
		}
		return pick(`{"properties":{"displayName":"x"}}`)
	}
}

// real is a path without the links that it leads through: that is where the system sees
// the change.
func real(path string) string {
	if to, err := filepath.EvalSymlinks(path); err == nil {
		return to
	}
	if to, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		return filepath.Join(to, filepath.Base(path))
	}
	return path
}

// edit changes the folder as people and editors do, and gives what the system would tell.
func edit(t *rapid.T, dir string) (told []string) {
	file := filepath.Join(dir, filepath.FromSlash(rapid.SampledFrom(editedFiles).Draw(t, "file")))
	// make makes the folders of a path; of those that are new the highest is told.
	make := func(path string) {
		for up := filepath.Dir(path); len(up) > len(dir); up = filepath.Dir(up) {
			if info, err := os.Lstat(up); err == nil && !info.IsDir() {
				_ = os.RemoveAll(up)
				told = append(told, up)
			} else if err != nil {
				told = append(told, up)
			}
		}
		_ = os.MkdirAll(filepath.Dir(path), 0o755)
	}
	clear := func(path string) { // a folder must not stand where a file is to be
		if info, err := os.Lstat(path); err == nil && info.IsDir() {
			_ = os.RemoveAll(path)
		}
	}
	switch rapid.SampledFrom([]string{"write", "write", "write", "write", "swap", "remove", "remove folder", "rename folder", "link", "folder"}).Draw(t, "edit") {
	case "write":
		make(file)
		clear(file)
		_ = os.WriteFile(file, []byte(textFor(t, file)), 0o600)
		told = append(told, file)
	case "swap": // as editors do: a new file is written beside, and put into the old one's place
		make(file)
		clear(file)
		beside := file + "~"
		_ = os.WriteFile(beside, []byte(textFor(t, file)), 0o600)
		_ = os.Rename(beside, file)
		told = append(told, beside, file)
	case "remove":
		_ = os.Remove(file)
		told = append(told, file)
	case "remove folder":
		folder := filepath.Join(dir, filepath.FromSlash(rapid.SampledFrom(editedFolders).Draw(t, "folder")))
		_ = os.RemoveAll(folder)
		told = append(told, folder)
	case "rename folder":
		from := filepath.Join(dir, filepath.FromSlash(rapid.SampledFrom(editedFolders).Draw(t, "from")))
		to := filepath.Join(dir, filepath.FromSlash(rapid.SampledFrom(editedFolders).Draw(t, "to")))
		make(to)
		_ = os.Rename(from, to)
		told = append(told, from, to)
	case "link": // to another file, or to a folder
		target := filepath.Join(dir, filepath.FromSlash(rapid.SampledFrom(append(slices.Clone(editedFiles), editedFolders...)).Draw(t, "target")))
		at := filepath.Join(dir, filepath.FromSlash(rapid.SampledFrom(append(slices.Clone(editedFiles), editedFolders[2:]...)).Draw(t, "at")))
		make(at)
		if target != at && !strings.HasPrefix(at, target+"/") {
			_ = os.RemoveAll(at)
			_ = os.Symlink(target, at)
		}
		told = append(told, at)
	case "folder":
		folder := filepath.Join(dir, filepath.FromSlash(rapid.SampledFrom(editedFolders).Draw(t, "new")))
		make(folder)
		_ = os.Mkdir(folder, 0o755)
		told = append(told, folder)
	}
	return told
}

// state writes down all that a load gives.
func state(dir string, load func(string) (*Project, diag.List)) string {
	p, faults := load(dir)
	text := dump(dir, p, faults) + "digest " + p.Digest + "\n"
	for _, s := range p.APIM.Subscriptions {
		text += fmt.Sprintf("%+v\n", *s)
	}
	for _, a := range p.APIM.APIs {
		for _, o := range a.Operations {
			if o.Policy != nil {
				text += fmt.Sprintf("%s %s %+v\n", a.ID, o.ID, *o.Policy)
			}
		}
	}
	for _, m := range p.StateMachines {
		text += fmt.Sprintf("%s %+v %+v\n", m.Definition, m.States, m.Logging)
	}
	return text
}

// TestCacheIsAFreshLoad: after any sequence of edits what is read of the changes alone
// equals what is read of the whole folder: nouns, faults, digest.
func TestCacheIsAFreshLoad(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "stile-cache")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		c := NewCache(dir)
		for range rapid.IntRange(1, 6).Draw(t, "loads") {
			var told []string
			for range rapid.IntRange(1, 12).Draw(t, "edits") {
				for _, path := range edit(t, dir) {
					told = append(told, path, real(path))
				}
			}
			c.Changed(append([]string{}, told...))
			if diff := cmp.Diff(state(dir, Load), state(dir, func(string) (*Project, diag.List) { return c.Load() })); diff != "" {
				t.Fatalf("after %v: fresh (-), of the cache (+)\n%s", told, diff)
			}
		}
	})
}

// TestCacheReadsWhatChanged: nouns of files that nobody touched are the same ones, and
// a change that nobody told is not seen: the folder is not read anew behind our back.
func TestCacheReadsWhatChanged(t *testing.T) {
	dir := t.TempDir()
	path := func(i int) string {
		return filepath.Join(dir, "apim/subscriptions", fmt.Sprint("s", i), "subscriptionInformation.json")
	}
	for i := range 3 {
		write(t, path(i), `{"properties":{"displayName":"S","scope":"/apis"}}`)
	}
	c := NewCache(dir)
	first, _ := c.Load()
	write(t, path(0), `{"properties":{"displayName":"untold","scope":"/apis"}}`)
	write(t, path(1), `{"properties":{"displayName":"told","scope":"/apis"}}`)
	c.Changed([]string{path(1)})
	next, _ := c.Load()
	for i, want := range []string{"S", "told", "S"} {
		if got := next.APIM.Subscriptions[i]; got.Name != want || (got == first.APIM.Subscriptions[i]) != (i != 1) {
			t.Errorf("subscription %d is %q, the one before: %v", i, got.Name, got == first.APIM.Subscriptions[i])
		}
	}
	c.Changed(nil)
	if last, _ := c.Load(); last.APIM.Subscriptions[0].Name != "untold" {
		t.Error("where anything may have changed, not everything is read")
	}
}
