package jsonpath

import (
	"errors"
	"os"
	"strings"
	"testing"

	"stile/jsonval"
)

const document = `{
	"store": {
		"book": [
			{"title": "Sayings", "price": 8.95, "isbn": null, "tags": ["a", "b"]},
			{"title": "Sword", "price": 12.99, "tags": []},
			{"title": "Moby", "price": 8.99, "isbn": "0-553"}
		],
		"bicycle": {"color": "red", "price": 19.95, "a-b": 1, "x y": 2}
	},
	"limit": 10, "word": "12.99", "empty": {}, "list": [3, 1, 2], "none": null
}`

var evalCases = map[string]string{
	`$.limit`:                               `10`,
	`$['limit']`:                            `10`,
	`$["limit"]`:                            `10`,
	`$.store.bicycle.a-b`:                   `1`,
	`$.store.bicycle['x y']`:                `2`,
	`$.store.bicycle['color','price']`:      `{"color":"red","price":19.95}`,
	`$.store['bicycle']['a-b']`:             `1`,
	`$.list[0]`:                             `3`,
	`$.list[-1]`:                            `2`,
	`$.list[0,2]`:                           `[3,2]`,
	`$.list[1:]`:                            `[1,2]`,
	`$.list[:2]`:                            `[3,1]`,
	`$.list[-2:]`:                           `[1,2]`,
	`$.list[:-1]`:                           `[3,1]`,
	`$.list[0:9]`:                           `[3,1,2]`,
	`$.list[:]`:                             `[3,1,2]`,
	`$.list[1:99999999999]`:                 `[1,2]`,
	`$.list[2:1]`:                           `[]`,
	`$.list[*]`:                             `[3,1,2]`,
	`$.list.length()`:                       `3`,
	`$.word.length()`:                       `5`,
	`$.list.min()`:                          `1`,
	`$.list.max()`:                          `3`,
	`$.list.sum()`:                          `6`,
	`$.list.avg()`:                          `2`,
	`$.list.first()`:                        `3`,
	`$.list.last()`:                         `2`,
	`$.empty.keys()`:                        `[]`,
	`$..price.sum()`:                        `50.879999999999995`,
	`$.store.book[*].title`:                 `["Sayings","Sword","Moby"]`,
	`$.store.*.price`:                       `[19.95]`,
	`$..price`:                              `[8.95,12.99,8.99,19.95]`,
	`$..book[0].title`:                      `["Sayings"]`,
	`$..nothing`:                            `[]`,
	`$.nothing[*]`:                          `[]`,
	`$.nothing[1:]`:                         `[]`,
	`$.nothing[*].x`:                        `[]`,
	`$.none`:                                `null`,
	`$..[?(@.color)].color`:                 `["red"]`,
	`$.store.bicycle[?(@.price > 1)].color`: `["red"]`,
	`$.store.book[?(@.price < 10)].title`:   `["Sayings","Moby"]`,
	`$.store.book[?(@.price < $.limit)].title`:                                    `["Sayings","Moby"]`,
	`$.store.book[?(@.price == '12.99')].title`:                                   `["Sword"]`,
	`$.store.book[?(@.title == Moby)].price`:                                      `[8.99]`,
	`$.store.book[?(@.isbn)].title`:                                               `["Sayings","Moby"]`,
	`$.store.book[?(!(@.isbn))].title`:                                            `["Sword"]`,
	`$.store.book[?(@.isbn == null)].title`:                                       `["Sayings"]`,
	`$.store.book[?(@.isbn != null)].title`:                                       `["Sword","Moby"]`,
	`$.store.book[?(@['title'] =~ /s.*/i)].title`:                                 `["Sayings","Sword"]`,
	`$.store.book[?(@.title =~ /S/)].title`:                                       `[]`,
	`$.store.book[?(@.title in ['Moby', "Sword"])].price`:                         `[12.99,8.99]`,
	`$.store.book[?(@.title nin ['Moby'])].price`:                                 `[8.95,12.99]`,
	`$.store.book[?(@.tags contains 'b')].title`:                                  `["Sayings"]`,
	`$.store.book[?(@.title contains 'y')].title`:                                 `["Sayings","Moby"]`,
	`$.store.book[?(@.tags size 2)].title`:                                        `["Sayings"]`,
	`$.store.book[?(@.tags empty true)].title`:                                    `["Sword"]`,
	`$.store.book[?(@.tags subsetof ['a','b','c'])].title`:                        `["Sayings","Sword"]`,
	`$.store.book[?(@.tags anyof ['a','z'])].title`:                               `["Sayings"]`,
	`$.store.book[?(@.tags noneof ['z'])].title`:                                  `["Sayings","Sword"]`,
	`$.store.book[?(@.price > 8.95 && @.price < 12 || @.title == 'Sword')].title`: `["Sword","Moby"]`,
	`$.store.book[?(@.price === 8.95)].title`:                                     `["Sayings"]`,
	`$.store.book[?(@.price !== 8.95)].title`:                                     `["Sword","Moby"]`,
	`$.store.book[?(@.title >= 'Say')].title`:                                     `["Sayings","Sword"]`,
	`$.list[?(@ > 1)]`:                                                            `[3,2]`,
	`$.store.book[?(@.tags[0] == 'a')].title`:                                     `["Sayings"]`,
	`$.store.book[?(@.tags.length() == 0)].title`:                                 `["Sword"]`,
}

func TestEval(t *testing.T) {
	doc := jsonval.MustParse(document)
	for path, want := range evalCases {
		p, err := Compile(path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		got, err := p.Eval(doc)
		if err != nil || !jsonval.Equal(got, jsonval.MustParse(want)) {
			t.Errorf("%s = %s %v, want %s", path, got.Text(), err, want)
		}
		if p.Text() != path {
			t.Errorf("Text of %s is %s", path, p.Text())
		}
	}
	if v, err := mustCompile(t, `$['\uD83D\uDE00\u0041']`).Eval(jsonval.MustParse(`{"😀A":1}`)); err != nil || v.Text() != "1" {
		t.Errorf("escaped surrogates: %s %v", v.Text(), err)
	}
	if v, err := mustCompile(t, `$`).Eval(doc); err != nil || !jsonval.Equal(v, doc) {
		t.Errorf("$ = %s %v", v.Text(), err)
	}
}

func mustCompile(t *testing.T, path string) *Path {
	t.Helper()
	p, err := Compile(path)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return p
}

// The words are Jayway's, as recorded from AWS.
func TestNotFoundWords(t *testing.T) {
	doc := jsonval.MustParse(document)
	for path, want := range map[string]string{
		`$.x`:           `No results for path: $['x']`,
		`$.x.y`:         `Missing property in path $['x']`,
		`$.empty.y`:     `No results for path: $['empty']['y']`,
		`$.empty.y.z`:   `Missing property in path $['empty']['y']`,
		`$.list[7]`:     `No results for path: $['list'][7]`,
		`$.list[-9]`:    `No results for path: $['list'][-9]`,
		`$.list[7].a`:   `No results for path: $['list'][7]['a']`,
		`$.limit.a`:     `Expected to find an object with property ['a'] in path $['limit'] but found 'number'.`,
		`$.limit[0]`:    `Filter: [0] can only be applied to arrays. Current context is: 10`,
		`$.limit[1:]`:   `Filter: [1:] can only be applied to arrays. Current context is: 10`,
		`$[1:]`:         `Filter: [1:] can only be applied to arrays. Current context is: ` + doc.Text(),
		`$.empty[0,1]`:  `Filter: [0,1] can only be applied to arrays. Current context is: ` + doc.Get("empty").Text(),
		`$.limit[?(@)]`: `Filter: [?] can not be applied to primitives. Current context is: 10`,
		`$.empty.max()`: `Aggregation function attempted to calculate value using empty array`,
	} {
		_, err := mustCompile(t, path).Eval(doc)
		var nf *NotFound
		if !errors.As(err, &nf) || err.Error() != want {
			t.Errorf("%s: %v, want %s", path, err, want)
		}
	}
}

func TestDefinite(t *testing.T) {
	for path, want := range map[string]bool{
		`$`: true, `$.a.b`: true, `$['a']`: true, `$['a','b']`: true, `$['a','b'].c`: false, `$[0]`: true, `$[-1]`: true,
		`$[0,1]`: false, `$[1:]`: false, `$[*]`: false, `$.*`: false, `$..a`: false, `$.a[?(@.b)]`: false,
		`$..a.length()`: true,
	} {
		if got := mustCompile(t, path).Definite(); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
}

func TestSyntaxErrors(t *testing.T) {
	for path, offset := range map[string]int{
		``: 0, `a`: 0, `$a`: 1, `$.`: 2, `$..`: 3, `$.a.`: 4, `$[`: 2, `$[]`: 2, `$[a]`: 2, `$['a`: 4, `$['a'`: 5, `$[0`: 3,
		`$[1:2:3]`: 5, `$.a b`: 3, `$.a.size().b`: 10, `$.a.nope()`: 4, `$.a.size(1)`: 9, `$[?]`: 3, `$[?(`: 4, `$[?(@.a]`: 7,
		`$[?(@.a ==)]`: 10, `$[?(@.a == 'x)]`: 15, `$[?(@.a =~ x)]`: 11, `$[?(@.a =~ /(/)]`: 12, `$[(@.length-1)]`: 2,
		`$[-]`: 2, `$[0,]`: 4, `$..size()`: 9,
	} {
		_, err := Compile(path)
		var se *SyntaxError
		if !errors.As(err, &se) {
			t.Errorf("%s was taken", path)
		} else if se.Offset != offset {
			t.Errorf("%s: %v, want offset %d", path, err, offset)
		}
	}
}

func TestEvalIsBounded(t *testing.T) {
	var a jsonval.Array
	for range 200 {
		a.Add(jsonval.MustParse(`[1,2,3,4,5,6,7,8,9,10]`))
	}
	_, err := mustCompile(t, `$..*..*..[?(@..*)]..*`).Eval(jsonval.OfItems(a.Value(), a.Value(), a.Value()))
	var limit *LimitError
	if err != nil && !errors.As(err, &limit) {
		t.Errorf("%v", err)
	}
	deep := strings.Repeat("[", 400) + `"` + strings.Repeat("x", 10_000) + `"` + strings.Repeat("]", 400)
	for _, path := range []string{`$..*`, `$..*..*`, `$..*..*..*`, `$..[?(@..*)]..*`} {
		if _, err = mustCompile(t, path).Eval(jsonval.MustParse(deep)); err != nil && !errors.As(err, &limit) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if !errors.As(err, &limit) {
		t.Errorf("a path of millions of nodes ended with %v", err)
	}
}

func FuzzPath(f *testing.F) {
	for _, s := range []string{`$.a[0]`, `$..book[?(@.price < $.limit && @.t in ['a'])]`, `$['a','b'][1:2]`, `$.list.sum()`, `$[?(@ =~ /a/i)]`} {
		f.Add(s, document)
	}
	f.Add("$[?$]", "0")
	if _, err := os.Stat("../../shared/conformance/jsonpath/cts.json"); err == nil {
		for _, c := range rfcSuite(f) {
			f.Add(c.Selector, string(c.Document))
		}
	}
	f.Fuzz(func(t *testing.T, path, text string) {
		p, err := Compile(path)
		if err != nil {
			var se *SyntaxError
			if !errors.As(err, &se) || se.Offset < 0 || se.Offset > len(path) {
				t.Fatalf("%q: %v", path, err)
			}
			return
		}
		doc, err := jsonval.ParseString(text)
		if err != nil {
			return
		}
		v, err := p.Eval(doc)
		var nf *NotFound
		var limit *LimitError
		switch {
		case err == nil:
			if _, err := jsonval.Parse(v.Raw()); err != nil {
				t.Fatalf("%q gives no JSON: %s", path, v.Text())
			}
			if !p.Definite() && v.Kind() != jsonval.ArrayKind {
				t.Fatalf("%q gives no array: %s", path, v.Text())
			}
		case errors.As(err, &nf):
			if !p.Definite() && !nf.unfit { // an index or filter of what has none is told all the same
				t.Fatalf("indefinite %q: %v", path, err)
			}
		case !errors.As(err, &limit):
			t.Fatalf("%q: %v", path, err)
		}
	})
}
