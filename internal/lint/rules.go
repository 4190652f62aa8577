package lint

// Rule is one rule of the house. Its fixture is testdata/NAME.
type Rule struct {
	Name string
	Find func(*Tree) []Finding
}

// Rules is the table of all rules.
func Rules() []Rule {
	return []Rule{
		{"layers", Layers},
		{"depth", Depth},
		{"public", Public},
		{"imports", PureImports},
		{"purity", Purity},
		{"sizes", Sizes},
		{"packagedocs", PackageDocs},
		{"docs", Docs},
		{"principal", Principal},
		{"sleep", Sleep},
		{"init", NoInit},
		{"errorpages", ErrorPages},
		{"namedtests", NamedTests},
	}
}
