package openapi_test

import (
	"fmt"
	"strings"
	"testing"

	"stile/diag"
	"stile/internal/openapi"
	"stile/internal/openapi/sample"
	"stile/internal/openapi/schema"
)

func read(t testing.TB, file, text string) *openapi.Document {
	t.Helper()
	doc, faults := openapi.Read(diag.NewSource(file, text))
	if faults.HasErrors() {
		t.Fatal(faults)
	}
	return doc
}

func TestAliasBombIsRefused(t *testing.T) {
	var b strings.Builder
	b.WriteString("openapi: 3.0.0\nx-a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 9; i++ {
		fmt.Fprintf(&b, "x-a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10), ", "))
	}
	b.WriteString("paths: {}\n")
	if _, faults := openapi.Read(diag.NewSource("a.yaml", b.String())); !faults.HasErrors() || len(faults) > 3 {
		t.Error(faults)
	}
}

func TestTooLarge(t *testing.T) {
	if _, faults := openapi.Read(diag.NewSource("a.yaml", "openapi: 3.0.0\n#"+strings.Repeat("x", openapi.MaxBytes))); len(faults) != 1 || faults[0].Code != openapi.Code {
		t.Error(faults)
	}
}

func TestDeepNestingIsRefused(t *testing.T) {
	deep := strings.Repeat(`{"items":`, 300) + "{}" + strings.Repeat("}", 300)
	if _, faults := openapi.Read(diag.NewSource("a.json", `{"openapi":"3.0.0","paths":{},"components":{"schemas":{"a":`+deep+`}}}`)); !faults.HasErrors() {
		t.Error("it was taken")
	}
}

// TestCyclesEnd: schemas that hold themselves in every way are read, made up, and
// checked to an end.
func TestCyclesEnd(t *testing.T) {
	doc := read(t, "a.yaml", `
openapi: 3.1.0
paths:
  /a:
    get:
      operationId: a
      responses:
        "200": { description: d, content: { application/json: { schema: { $ref: "#/components/schemas/Tree" } } } }
        "201": { description: d, content: { application/json: { schema: { $ref: "#/components/schemas/Either" } } } }
        "202": { description: d, content: { application/json: { schema: { $ref: "#/components/schemas/Inside" } } } }
        "203": { description: d, content: { application/json: { schema: { $ref: "#/components/schemas/Map" } } } }
components:
  schemas:
    Tree: { type: object, properties: { left: { $ref: "#/components/schemas/Tree" }, all: { type: array, items: { $ref: "#/components/schemas/Tree" } } } }
    Either: { anyOf: [ { type: object, properties: { x: { $ref: "#/components/schemas/Either" } }, required: [y] },
                       { type: object, properties: { x: { $ref: "#/components/schemas/Either" } }, required: [z] } ] }
    Inside: { allOf: [ { $ref: "#/components/schemas/Inside" } ] }
    Map: { type: object, additionalProperties: { $ref: "#/components/schemas/Map" } }
`)
	deep := strings.Repeat(`{"x":`, 100) + "1" + strings.Repeat("}", 100)
	v, err := schema.Parse([]byte(deep))
	if err != nil {
		t.Fatal(err)
	}
	for status, want := range map[int]struct{ sample, outcome string }{
		200: {`{"all":[]}`, "<nil>"}, 201: {`{}`, "the validation takes too many steps"},
		202: {`{}`, "the validation takes too many steps"}, 203: {`{}`, "<nil>"},
	} {
		s := doc.Operations[0].Response(status).Media[0].Schema
		if got := string(sample.JSON(s)); got != want.sample {
			t.Errorf("%d: sample %s, want %s", status, got, want.sample)
		}
		if _, err := s.Validate(v, schema.Options{}); fmt.Sprint(err) != want.outcome {
			t.Errorf("%d: %v, want %s", status, err, want.outcome)
		}
	}
}

func TestManyReferences(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"openapi":"3.0.0","paths":{"/a":{"get":{"operationId":"a","responses":{"200":{"description":"d","content":{"application/json":{"schema":{"$ref":"#/components/schemas/s0"}}}}}}}},"components":{"schemas":{`)
	const n = 5_000
	for i := range n {
		fmt.Fprintf(&b, `"s%d":{"$ref":"#/components/schemas/s%d"},`, i, i+1)
	}
	fmt.Fprintf(&b, `"s%d":{"type":"integer"}}}}`, n)
	s := read(t, "a.json", b.String()).Operations[0].Response(200).Media[0].Schema
	v, _ := schema.Parse([]byte(`1`))
	if _, err := s.Validate(v, schema.Options{}); err != schema.ErrBudget {
		t.Error(err, "of a chain longer than any has to be")
	}
}

func TestHugeEnum(t *testing.T) {
	var b strings.Builder
	for i := range 50_000 {
		fmt.Fprintf(&b, "%d,", i)
	}
	doc := read(t, "a.json", `{"openapi":"3.0.0","paths":{"/a":{"get":{"responses":{"200":{"description":"d","content":{"application/json":{"schema":
		{"type":"array","items":{"enum":[`+b.String()+`-1]}}}}}}}}}}`)
	s := doc.Operations[0].Response(200).Media[0].Schema
	v, err := schema.Parse([]byte("[" + strings.Repeat("49999, 1.0, ", 20_000) + "7.5]"))
	if err != nil {
		t.Fatal(err)
	}
	list, err := s.Validate(v, schema.Options{})
	if err != nil || len(list) != 1 || list[0].Message != "Value 7.5 is not defined in enum." || list[0].Path != "[40000]" {
		t.Error(list, err)
	}
}

// FuzzRead: no text makes Read panic, what it takes it keeps, and what it gives can be
// made up and checked.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{"openapi: 3.0.0\npaths: { /a/{id}: { get: { parameters: [{ name: id, in: path, schema: { type: integer } }], responses: { 200: { description: d, content: { a/b: { schema: { $ref: '#/components/schemas/A' } } } } } } } }\ncomponents: { schemas: { A: { allOf: [ { $ref: '#/components/schemas/A' } ] } } }",
		`{"swagger":"2.0","paths":{"/a":{"post":{"parameters":[{"in":"body","name":"b","schema":{"type":"array","items":{"$ref":"#"}}}],"responses":{"default":{"description":""}}}}}}`,
		`{"openapi":"3.1.0","paths":{},"components":{"schemas":{"a":{"if":{"$ref":"#/components/schemas/b"},"then":false},"b":{"not":{"unevaluatedProperties":false}}}}}`} {
		f.Add(seed)
	}
	value, _ := schema.Parse([]byte(`{"a": [1, "x", null, {"b": true}], "c": 1e400}`))
	f.Fuzz(func(t *testing.T, text string) {
		doc, faults := openapi.Read(diag.NewSource("a.yaml", text))
		if doc == nil && !faults.HasErrors() {
			t.Fatal("neither a document nor a fault")
		}
		if doc == nil || faults.HasErrors() {
			return
		}
		if doc.Text() != text {
			t.Fatal("the text is not kept")
		}
		for _, o := range doc.Operations {
			if o.ID == "" || o.ID != strings.ToLower(o.ID) || len(o.ID) > 80 {
				t.Fatalf("id %q", o.ID)
			}
			for _, r := range o.Responses {
				for _, m := range r.Media {
					if m.Schema == nil {
						continue
					}
					if _, err := schema.Parse(sample.JSON(m.Schema)); err != nil {
						t.Fatalf("sample %s: %v", sample.JSON(m.Schema), err)
					}
					_, _ = m.Schema.Validate(value, schema.Options{}) // that it ends is all
				}
			}
		}
	})
}
