package dataset

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const getObject, listObjects = "arn:aws:states:::s3:getObject", "arn:aws:states:::s3:listObjectsV2"

// bucket makes the bucket "b" of files.
func bucket(t *testing.T, files map[string]string) (Folders, string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return Folders{Find: func(name string) (string, bool) { return dir, name == "b" }}, dir
}

// read gives all items as lines, each with its key before it where it has one; an
// error is the last line.
func read(t *testing.T, s Store, q Query) (out []string) {
	t.Helper()
	q.Bucket = "b"
	if q.Resource == "" {
		q.Resource = getObject
	}
	r, err := Open(t.Context(), s, q)
	if err != nil {
		return []string{"! " + err.Error()}
	}
	defer r.Close()
	if r.Identity() == "" {
		t.Error("the dataset has no identity")
	}
	for {
		i, err := r.Next()
		if err == io.EOF {
			return out
		}
		if err != nil {
			return append(out, "! "+err.Error())
		}
		if i.Key != "" {
			out = append(out, i.Key+"="+i.Value.Text())
		} else {
			out = append(out, i.Value.Text())
		}
	}
}

func packed(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(text))
	_ = z.Close()
	return b.String()
}

func TestFormats(t *testing.T) {
	nonIterable := []string{"! Attempting to map over non-iterable node."}
	for name, test := range map[string]struct {
		text string
		q    Query
		want []string
	}{
		"array":            {` [ {"a":[1,"]"]} , 2 ,"x\"]", null,[ ] ] `, Query{InputType: "JSON"}, []string{`{"a":[1,"]"]}`, "2", `"x\"]"`, "null", "[ ]"}},
		"empty array":      {`[]`, Query{InputType: "JSON"}, nil},
		"packed":           {packed(`[1,2]`), Query{InputType: "JSON"}, []string{"1", "2"}},
		"with a mark":      {"\xef\xbb\xbf[1]", Query{InputType: "JSON"}, []string{"1"}},
		"object":           {`{"Hello":"world"}`, Query{InputType: "JSON"}, nonIterable},
		"scalar":           {`7`, Query{InputType: "JSON"}, nonIterable},
		"no JSON":          {`[1,}`, Query{InputType: "JSON"}, []string{"1", "! The object is not valid JSON: unexpected character '}' at offset 0"}},
		"cut":              {`[1,{"a":`, Query{InputType: "JSON"}, []string{"1", "! The object is not valid JSON: it ends in the middle"}},
		"no comma":         {`[1 2]`, Query{InputType: "JSON"}, []string{"1", "! The object is not valid JSON: there is no comma between two items"}},
		"empty":            {``, Query{InputType: "JSON"}, []string{"! The object is not valid JSON: it ends in the middle"}},
		"pointer":          {`{"x":{"y":[9]},"a/b":[{"i":[0]},{"i":[1,2]}],"z":0}`, Query{InputType: "JSON", ItemsPointer: "/a~1b/1/i"}, []string{"1", "2"}},
		"pointer to pairs": {`{"x":1,"o":{"p":1,"q":[2]}}`, Query{InputType: "JSON", ItemsPointer: "/o"}, []string{"p=1", "q=[2]"}},
		"pointer to none":  {`{"x":1}`, Query{InputType: "JSON", ItemsPointer: "/o"}, []string{"! The ItemsPointer names nothing in the document: there is no 'o'."}},
		"pointer through":  {`{"x":1}`, Query{InputType: "JSON", ItemsPointer: "/x/y"}, []string{"! The ItemsPointer names nothing in the document: there is no 'y'."}},
		"pointer to text":  {`{"x":"y"}`, Query{InputType: "JSON", ItemsPointer: "/x"}, nonIterable},
		"lines":            {"{\"a\":1}\n\n 2 \r\n\"x\"", Query{InputType: "JSONL"}, []string{`{"a":1}`, "2", `"x"`}},
		"bad line":         {"1\nnot\n", Query{InputType: "JSONL"}, []string{"1", "! Line 2 is not JSON: "}},
		"no lines":         {"", Query{InputType: "JSONL"}, nil},
		"headers": {"Col1,Col2,Col3\nValue1,Value2,Value3\n,,,\ntrue,1,'HelloWorld'\nNull,None,\n   \n", Query{InputType: "CSV", HeaderLocation: "FIRST_ROW"},
			[]string{`{"Col1":"Value1","Col2":"Value2","Col3":"Value3"}`, `{"Col1":"","Col2":"","Col3":""}`, `{"Col1":"true","Col2":"1","Col3":"'HelloWorld'"}`,
				`{"Col1":"Null","Col2":"None","Col3":""}`, `{"Col1":"   ","Col2":"","Col3":""}`}},
		"extra fields": {"H1,\nValue4,Value5,Value6\n", Query{InputType: "CSV", HeaderLocation: "FIRST_ROW"}, []string{`{"H1":"Value4","":"Value5"}`}},
		"given":        {"1,2\n", Query{InputType: "CSV", HeaderLocation: "GIVEN", Headers: []string{"a", "b"}}, []string{`{"a":"1","b":"2"}`}},
		"given twice":  {"1,2\n", Query{InputType: "CSV", HeaderLocation: "GIVEN", Headers: []string{"a", "a"}}, []string{"! CSV headers cannot contain duplicates."}},
		"row twice":    {"a,a\n", Query{InputType: "CSV", HeaderLocation: "FIRST_ROW"}, []string{"! CSV headers cannot contain duplicates."}},
		"long headers": {strings.Repeat("x", maxHeaders+1) + "\n", Query{InputType: "CSV", HeaderLocation: "FIRST_ROW"}, []string{"! CSV headers cannot be longer than 10240 bytes."}},
		"no headers":   {"", Query{InputType: "CSV", HeaderLocation: "FIRST_ROW"}, []string{"! The CSV file is empty: its first row should hold the headers."}},
		"quotes":       {"a;b\n\"x;\"\"y\"\"\nz\";2\n", Query{InputType: "CSV", HeaderLocation: "FIRST_ROW", Delimiter: "SEMICOLON"}, []string{`{"a":"x;\"y\"\nz","b":"2"}`}},
		"tabs":         {"a\tb\n1\t2\n", Query{InputType: "CSV", HeaderLocation: "FIRST_ROW", Delimiter: "TAB"}, []string{`{"a":"1","b":"2"}`}},
		"pipes":        {"a|b\n1|2\n", Query{InputType: "CSV", HeaderLocation: "FIRST_ROW", Delimiter: "PIPE"}, []string{`{"a":"1","b":"2"}`}},
		"spaces":       {"a b\n1 2\n", Query{InputType: "CSV", HeaderLocation: "FIRST_ROW", Delimiter: "SPACE"}, []string{`{"a":"1","b":"2"}`}},
		"parquet":      {"PAR1", Query{InputType: "PARQUET"}, []string{"! InputType PARQUET is not read by this server: export the data as CSV or JSON Lines."}},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := bucket(t, map[string]string{"f": test.text})
			test.q.Key = "f"
			got := read(t, s, test.q)
			for i, w := range test.want {
				if strings.HasPrefix(w, "! Line") && i < len(got) && strings.HasPrefix(got[i], w) {
					got[i] = w // the parser's own words follow
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTooLong(t *testing.T) {
	long := strings.Repeat("x", MaxItem+1<<17)
	for kind, text := range map[string]string{"JSON": `["` + long + `"]`, "JSONL": `"` + long + `"`, "CSV": "a\n" + long + "\n"} {
		s, _ := bucket(t, map[string]string{"f": text})
		got := read(t, s, Query{InputType: kind, Key: "f", HeaderLocation: "FIRST_ROW"})
		if len(got) != 1 || got[0] != "! An item is longer than 8388608 bytes." {
			t.Errorf("%s: %.100q", kind, got)
		}
	}
}

func TestListing(t *testing.T) {
	s, dir := bucket(t, map[string]string{"in/b.jsonl": "3\n", "in/a.jsonl": "1\n2\n", "in-2/x": "", "in/a/z.jsonl": "9\n", "in/" + partial + "1": "x", "out": "no"})
	at := time.Unix(1700000000, 5)
	if err := os.Chtimes(filepath.Join(dir, "in", "b.jsonl"), at, at); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/", filepath.Join(dir, "in", "away")); err != nil {
		t.Fatal(err)
	}
	var keys []string
	err := s.List(t.Context(), "b", "in", func(i Info) error { keys = append(keys, i.Key); return nil })
	// By bytes: - comes before . and that before /.
	if diff := cmp.Diff([]string{"in-2/x", "in/a.jsonl", "in/a/z.jsonl", "in/b.jsonl"}, keys); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	items := read(t, s, Query{Resource: listObjects, Prefix: "in/b"})
	want := fmt.Sprintf(`{"Etag":"\"%s\"","Key":"in/b.jsonl","LastModified":1700000000,"Size":2,"StorageClass":"STANDARD"}`, tag(t, s, "in/b.jsonl"))
	if len(items) != 1 || items[0] != want {
		t.Errorf("%s\n%s", items, want)
	}
	if got := read(t, s, Query{Resource: listObjects, Prefix: "in/", InputType: "JSONL", Transformation: "LOAD_AND_FLATTEN"}); !cmp.Equal(got, []string{"1", "2", "9", "3"}) {
		t.Error(got)
	}
	if got := read(t, s, Query{Resource: listObjects, Prefix: "nothing"}); got != nil {
		t.Error(got)
	}
}

func tag(t *testing.T, s Store, key string) string {
	t.Helper()
	f, info, err := s.Open(t.Context(), "b", key)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	return info.ETag
}

func TestListingEndsEarly(t *testing.T) {
	s, _ := bucket(t, map[string]string{"1": "", "2": "", "3": ""})
	r, err := Open(t.Context(), s, Query{Resource: listObjects, Bucket: "b"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Next(); err != nil {
		t.Fatal(err)
	}
	r.Close() // hangs where the listing does not end with its reader
}

func TestManifests(t *testing.T) {
	s, _ := bucket(t, map[string]string{
		"inventory.json": `{"sourceBucket":"src","destinationBucket":"arn:aws:s3:::b","fileFormat":"CSV","fileSchema":"Bucket, Key, Size",
 "files":[{"key":"data/1.csv.gz"},{"key":"data/2.csv"}]}`,
		"data/1.csv.gz": packed("\"src\",\"k1\",\"5\"\n"), "data/2.csv": "src,k2,6\n",
		"orc.json":   `{"fileFormat":"ORC","files":[]}`,
		"athena.csv": "\"s3://b/data/3.jsonl\"\ns3://b/data/4.jsonl\n", "data/3.jsonl": "{\"a\":1}\n", "data/4.jsonl": "{\"a\":2}",
		"bad.csv": "nowhere\n", "gone.csv": "s3://b/none\n",
	})
	for name, test := range map[string]struct {
		q    Query
		want []string
	}{
		"inventory": {Query{InputType: "MANIFEST", Key: "inventory.json"}, []string{`{"Bucket":"src","Key":"k1","Size":"5"}`, `{"Bucket":"src","Key":"k2","Size":"6"}`}},
		"its type":  {Query{ManifestType: "S3_INVENTORY", Key: "orc.json"}, []string{"! The manifest's fileFormat is 'ORC': CSV is read."}},
		"athena":    {Query{InputType: "JSONL", ManifestType: "ATHENA_DATA", Key: "athena.csv"}, []string{`{"a":1}`, `{"a":2}`}},
		"address":   {Query{InputType: "JSONL", ManifestType: "ATHENA_DATA", Key: "bad.csv"}, []string{"! A line of the manifest is not an address s3://BUCKET/KEY: 'nowhere'"}},
		"gone":      {Query{InputType: "JSONL", ManifestType: "ATHENA_DATA", Key: "gone.csv"}, []string{"! The specified key does not exist: none in the bucket b"}},
	} {
		if diff := cmp.Diff(test.want, read(t, s, test.q)); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

func TestIdentityFollowsEveryObject(t *testing.T) {
	s, dir := bucket(t, map[string]string{"m.csv": "s3://b/d.jsonl\n", "d.jsonl": "1\n"})
	identity := func(q Query) string {
		q.Bucket = "b"
		r, err := Open(t.Context(), s, q)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		return r.Identity()
	}
	queries := []Query{
		{Resource: getObject, Key: "d.jsonl", InputType: "JSONL"},
		{Resource: getObject, Key: "m.csv", InputType: "JSONL", ManifestType: "ATHENA_DATA"},
		{Resource: listObjects},
	}
	var before []string
	for _, q := range queries {
		if before = append(before, identity(q)); identity(q) != before[len(before)-1] {
			t.Errorf("%+v has two identities", q)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "d.jsonl"), []byte("22\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for i, q := range queries {
		if identity(q) == before[i] {
			t.Errorf("%+v: the change does not show", q)
		}
	}
}

func TestKeysStayInTheirBucket(t *testing.T) {
	s, dir := bucket(t, map[string]string{"in/a": "1"})
	if err := os.WriteFile(filepath.Join(filepath.Dir(dir), "secret"), []byte("[1]"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(filepath.Dir(dir), "secret"), filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"../secret", "in/../../secret", "/etc/passwd", "link", "", ".", "in", "none", "in//a", `..\secret`} {
		if got := read(t, s, Query{Key: key, InputType: "JSON"}); len(got) != 1 || !strings.HasPrefix(got[0], "! ") || strings.Contains(got[0], dir) {
			t.Errorf("%q gives %q", key, got)
		}
	}
	for _, key := range []string{"../out", "/out", "", "in/a/x"} {
		if _, err := s.Put(t.Context(), "b", key, func(w io.Writer) error { _, err := w.Write([]byte("x")); return err }); err == nil {
			t.Errorf("%q was written", key)
		}
	}
	_, err := Open(t.Context(), s, Query{Resource: getObject, Bucket: "other", Key: "a", InputType: "JSON"})
	if err == nil || err.Error() != "The specified bucket does not exist: other" {
		t.Error(err)
	}
}

func TestPutIsWholeOrNot(t *testing.T) {
	s, dir := bucket(t, map[string]string{"out/f": "old"})
	write := func(text string, err error) func(io.Writer) error {
		return func(w io.Writer) error {
			_, _ = io.WriteString(w, text)
			return err
		}
	}
	failed := errors.New("failed")
	if _, err := s.Put(context.Background(), "b", "out/f", write("half", failed)); !errors.Is(err, failed) {
		t.Fatal(err)
	}
	content := func() string {
		b, err := os.ReadFile(filepath.Join(dir, "out", "f"))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if content() != "old" {
		t.Errorf("the object is %q", content())
	}
	if n, err := s.Put(context.Background(), "b", "out/f", write("new one", nil)); n != 7 || err != nil || content() != "new one" {
		t.Errorf("%d, %v, %q", n, err, content())
	}
	if left, _ := os.ReadDir(filepath.Join(dir, "out")); len(left) != 1 {
		t.Errorf("%v is left", left)
	}
}

func FuzzReaders(f *testing.F) {
	f.Add(`[1,{"a":"b\"]"}]`, "/a/0", byte(0))
	f.Add("a,b\n\"1\n", "", byte(1))
	f.Add("{}\n[", "", byte(2))
	f.Fuzz(func(t *testing.T, text, pointer string, kind byte) {
		o := &opener{q: Query{InputType: []string{"JSON", "CSV", "JSONL"}[kind%3], ItemsPointer: pointer}}
		body, err := unpack(strings.NewReader(text))
		if err != nil {
			return
		}
		list, err := o.format(body)
		for n := 0; err == nil; n++ {
			var i Item
			if i, err = list.next(); err == nil && !i.Value.Exists() || n > len(text)+1 {
				t.Fatalf("item %d of %q is %q", n, text, i.Value.Text())
			}
		}
		var known *Error
		if err != io.EOF && !errors.As(err, &known) {
			t.Fatalf("%q: %v", text, err)
		}
	})
}
