package csharp

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
)

// piece is a token of C#: near enough to cut and paste by.
var piece = regexp.MustCompile(`(?s)//[^\n]*|/\*.*?\*/|[$@]{1,2}"(?:[^"]|"")*"|\$?"(?:[^"\\\n]|\\.)*"|'(?:[^'\\]|\\.)+'|[A-Za-z_]\w*|\d[\w.]*|=>|==|!=|<=|>=|&&|\|\||\?\?|\?\.|\+\+|--|[+\-*/%&|^]=|\s+|.`)

// tokens cuts an expression's inner text; spaces and comments are tokens too, so that
// the pieces joined are the text.
func tokens(text string) []string { return piece.FindAllString(text, -1) }

var (
	isWord = regexp.MustCompile(`^[A-Za-z_]\w*$`)
	isText = regexp.MustCompile(`^[$@]*"`)
	isNum  = regexp.MustCompile(`^\d`)
)

func blank(tok string) bool {
	return strings.TrimSpace(tok) == "" || strings.HasPrefix(tok, "//") || strings.HasPrefix(tok, "/*")
}

// mutation changes a list of tokens in one place; nil where it finds none.
type mutation struct {
	name   string
	change func(r *rand.Rand, toks []string) []string
}

var mutations = []mutation{
	{"a token is missing", func(r *rand.Rand, toks []string) []string {
		i := pick(r, toks, func(int, string) bool { return true })
		return cut(toks, i, i+1)
	}},
	{"a token stands twice", func(r *rand.Rand, toks []string) []string {
		i := pick(r, toks, func(int, string) bool { return true })
		return put(toks, i, toks[i], " ")
	}},
	{"two tokens are swapped", func(r *rand.Rand, toks []string) []string {
		i := pick(r, toks, func(int, string) bool { return true })
		j := next(toks, i)
		if j < 0 {
			return nil
		}
		out := slices.Clone(toks)
		out[i], out[j] = toks[j], toks[i]
		return out
	}},
	{"a member is misspelt", func(r *rand.Rand, toks []string) []string {
		i := pick(r, toks, func(i int, t string) bool { return isWord.MatchString(t) && i > 0 && toks[i-1] == "." })
		return set(toks, i, func(t string) string {
			switch r.IntN(3) {
			case 0:
				return t + "s"
			case 1:
				return strings.ToLower(t[:1]) + t[1:] + "X"
			}
			return strings.ToUpper(t)
		})
	}},
	{"a member of another type", func(r *rand.Rand, toks []string) []string {
		members := []string{"Length", "Count", "Value", "ToUpper", "Split", "Headers", "Body", "Add", "Keys", "First", "Ticks", "Parse", "Contains", "Method"}
		i := pick(r, toks, func(i int, t string) bool { return isWord.MatchString(t) && i > 0 && toks[i-1] == "." })
		return set(toks, i, func(string) string { return members[r.IntN(len(members))] })
	}},
	{"a name is not known", func(r *rand.Rand, toks []string) []string {
		i := pick(r, toks, func(i int, t string) bool {
			return isWord.MatchString(t) && t != "return" && (i == 0 || toks[i-1] != ".")
		})
		return set(toks, i, func(t string) string { return t + "Zz" })
	}},
	{"a literal of another type", func(r *rand.Rand, toks []string) []string {
		others := []string{"1", `"1"`, "true", "null", "1.5", "'c'", "1m", "99999999999", "new object()"}
		i := pick(r, toks, func(_ int, t string) bool {
			return isText.MatchString(t) || isNum.MatchString(t) || t == "true" || t == "null"
		})
		return set(toks, i, func(string) string { return others[r.IntN(len(others))] })
	}},
	{"an operand of another type", func(r *rand.Rand, toks []string) []string {
		operands := []string{"context", "context.Request", "context.Timestamp", "context.RequestId", "true", "\"t\"", "3", "null", "new List<int>()", "context.Variables", "DateTime.UtcNow", "Guid.Empty", "context.Request.Headers", "(object)1"}
		i := pick(r, toks, func(i int, t string) bool {
			return isText.MatchString(t) || isNum.MatchString(t) || isWord.MatchString(t) && i > 0 && slices.Contains([]string{"(", "=", "+", "==", "return", ","}, before(toks, i)) && after(toks, i) != "."
		})
		return set(toks, i, func(string) string { return operands[r.IntN(len(operands))] })
	}},
	{"an argument too many", func(r *rand.Rand, toks []string) []string {
		i := pick(r, toks, func(i int, t string) bool { return t == "(" && i > 0 && isWord.MatchString(toks[i-1]) })
		if i < 0 {
			return nil
		}
		if j := next(toks, i); j >= 0 && toks[j] == ")" {
			return put(toks, i+1, []string{"1", "\"x\"", "null"}[r.IntN(3)])
		}
		return put(toks, i+1, []string{"1", "\"x\"", "null", "true"}[r.IntN(4)], ", ")
	}},
	{"an argument too few", func(r *rand.Rand, toks []string) []string {
		i := pick(r, toks, func(i int, t string) bool { return t == "(" && i > 0 && isWord.MatchString(toks[i-1]) })
		if i < 0 {
			return nil
		}
		depth := 0
		for j := i + 1; j < len(toks); j++ {
			switch toks[j] {
			case "(", "[", "{":
				depth++
			case "]", "}":
				depth--
			case ",":
				if depth == 0 {
					return cut(toks, i+1, j+1)
				}
			case ")":
				if depth == 0 {
					return cut(toks, i+1, j)
				}
				depth--
			}
		}
		return nil
	}},
	{"a return is missing", func(r *rand.Rand, toks []string) []string {
		i := pick(r, toks, func(_ int, t string) bool { return t == "return" })
		if i < 0 {
			return nil
		}
		return cut(toks, i, 1+index(toks, i, ";"))
	}},
	{"return without a value", func(r *rand.Rand, toks []string) []string {
		i := pick(r, toks, func(_ int, t string) bool { return t == "return" })
		if i < 0 {
			return nil
		}
		return cut(toks, i+1, index(toks, i, ";"))
	}},
	{"a local has no value", func(r *rand.Rand, toks []string) []string {
		i := pick(r, toks, func(i int, t string) bool {
			return t == "=" && i > 3 && isWord.MatchString(before(toks, i)) && !strings.Contains(before(toks, i), ".")
		})
		if i < 0 {
			return nil
		}
		return cut(toks, i, index(toks, i, ";"))
	}},
	{"another type is declared", func(r *rand.Rand, toks []string) []string {
		types := []string{"string", "int", "bool", "double", "JObject", "JArray", "object", "DateTime", "long", "List<string>", "var", "IResponse"}
		i := pick(r, toks, func(i int, t string) bool {
			j := next(toks, i)
			return (t == "var" || t == "string" || t == "int" || t == "bool" || t == "JObject") && j > 0 && isWord.MatchString(toks[j])
		})
		return set(toks, i, func(string) string { return types[r.IntN(len(types))] })
	}},
	{"another cast", func(r *rand.Rand, toks []string) []string {
		types := []string{"string", "int", "bool", "double", "JObject", "JArray", "object", "DateTime", "long", "Guid", "IResponse", "decimal", "byte[]", "int?", "TimeSpan"}
		i := pick(r, toks, func(i int, t string) bool {
			return isWord.MatchString(t) && i > 0 && i+1 < len(toks) && toks[i-1] == "(" && toks[i+1] == ")" && (i < 2 || !isWord.MatchString(toks[i-2]))
		})
		return set(toks, i, func(string) string { return types[r.IntN(len(types))] })
	}},
	{"a cast is added", func(r *rand.Rand, toks []string) []string {
		types := []string{"(string)", "(int)", "(bool)", "(JObject)", "(DateTime)", "(long)", "(double)", "(Guid)", "(List<string>)"}
		i := pick(r, toks, func(i int, t string) bool {
			return isText.MatchString(t) || isNum.MatchString(t) || isWord.MatchString(t) && slices.Contains([]string{"(", "=", "+", "==", "return", ","}, before(toks, i))
		})
		if i < 0 {
			return nil
		}
		return put(toks, i, types[r.IntN(len(types))])
	}},
	{"another operator", func(r *rand.Rand, toks []string) []string {
		ops := []string{"+", "-", "*", "/", "==", "!=", "<", ">=", "&&", "||", "??", "&", "|", "=", "+=", "<<", "is", "as", "?.", "."}
		i := pick(r, toks, func(_ int, t string) bool { return slices.Contains(ops[:13], t) })
		return set(toks, i, func(string) string { return " " + ops[r.IntN(len(ops))] + " " })
	}},
	{"an operator before a value", func(r *rand.Rand, toks []string) []string {
		ops := []string{"!", "-", "~", "++", "await ", "new ", "!!"}
		i := pick(r, toks, func(i int, t string) bool {
			return isText.MatchString(t) || isNum.MatchString(t) || isWord.MatchString(t) && (i == 0 || toks[i-1] != ".")
		})
		if i < 0 {
			return nil
		}
		return put(toks, i, ops[r.IntN(len(ops))])
	}},
	{"a statement stands twice", func(r *rand.Rand, toks []string) []string {
		from, to := statement(r, toks)
		if from < 0 {
			return nil
		}
		return slices.Insert(slices.Clone(toks), to, append([]string{" "}, toks[from:to]...)...)
	}},
	{"a statement is missing", func(r *rand.Rand, toks []string) []string {
		from, to := statement(r, toks)
		if from < 0 {
			return nil
		}
		return cut(toks, from, to)
	}},
	{"another local", func(r *rand.Rand, toks []string) []string {
		locals := declared(toks)
		if len(locals) < 2 {
			return nil
		}
		i := pick(r, toks, func(i int, t string) bool { return slices.Contains(locals, t) && (i == 0 || toks[i-1] != ".") })
		return set(toks, i, func(string) string { return locals[r.IntN(len(locals))] })
	}},
	{"type arguments", func(r *rand.Rand, toks []string) []string {
		args := []string{"<int>", "<string, int>", "<JObject>", "<>"}
		i := pick(r, toks, func(i int, t string) bool {
			return t == "(" && i > 1 && isWord.MatchString(toks[i-1]) && toks[i-2] == "."
		})
		if i < 0 {
			return nil
		}
		return put(toks, i, args[r.IntN(len(args))])
	}},
	{"const, readonly and the like", func(r *rand.Rand, toks []string) []string {
		words := []string{"const ", "readonly ", "static ", "ref ", "out ", "params ", "public ", "unsafe "}
		i := pick(r, toks, func(_ int, t string) bool { return t == "var" || t == "string" || t == "int" })
		if i < 0 {
			return nil
		}
		return put(toks, i, words[r.IntN(len(words))])
	}},
	{"an assignment to what is not one", func(r *rand.Rand, toks []string) []string {
		i := pick(r, toks, func(i int, t string) bool {
			return isWord.MatchString(t) && i > 0 && toks[i-1] == "." && (i+1 >= len(toks) || toks[i+1] != "(" && toks[i+1] != "<")
		})
		if i < 0 {
			return nil
		}
		return put(toks, i+1, []string{" = null", "++", " += 1", " = \"x\"", " = 3"}[r.IntN(5)])
	}},
	{"else or break is missing", func(r *rand.Rand, toks []string) []string {
		i := pick(r, toks, func(_ int, t string) bool {
			return slices.Contains([]string{"else", "break", "catch", "finally", "default", "case"}, t)
		})
		return cut(toks, i, i+1)
	}},
	{"a jump is added", func(r *rand.Rand, toks []string) []string {
		jumps := []string{"break; ", "continue; ", "return; ", "throw; ", "return 1; ", "return null; ", "throw new Exception(); "}
		i := pick(r, toks, func(_ int, t string) bool { return t == ";" || t == "{" || t == "}" })
		if i < 0 {
			return nil
		}
		return put(toks, i+1, jumps[r.IntN(len(jumps))])
	}},
}

// pick chooses a token that is no space and that want takes; -1 where there is none.
func pick(r *rand.Rand, toks []string, want func(i int, t string) bool) int {
	var list []int
	for i, t := range toks {
		if !blank(t) && want(i, t) {
			list = append(list, i)
		}
	}
	if len(list) == 0 {
		return -1
	}
	return list[r.IntN(len(list))]
}

func next(toks []string, i int) int {
	for j := i + 1; j < len(toks); j++ {
		if !blank(toks[j]) {
			return j
		}
	}
	return -1
}

// before is the token left of i that is no space.
func before(toks []string, i int) string {
	for j := i - 1; j >= 0 && j < len(toks); j-- {
		if !blank(toks[j]) {
			return toks[j]
		}
	}
	return ""
}

func index(toks []string, from int, what string) int {
	for j := from; j < len(toks); j++ {
		if toks[j] == what {
			return j
		}
	}
	return len(toks) - 1
}

func cut(toks []string, from, to int) []string {
	if from < 0 || to <= from || to > len(toks) {
		return nil
	}
	return slices.Delete(slices.Clone(toks), from, to)
}

func put(toks []string, at int, more ...string) []string {
	return slices.Insert(slices.Clone(toks), at, more...)
}

func set(toks []string, i int, f func(string) string) []string {
	if i < 0 {
		return nil
	}
	out := slices.Clone(toks)
	out[i] = f(out[i])
	return out
}

// statement chooses the tokens from behind one ; { or } to the next ;.
func statement(r *rand.Rand, toks []string) (from, to int) {
	i := pick(r, toks, func(_ int, t string) bool { return t == ";" })
	if i < 0 {
		return -1, -1
	}
	j := i - 1
	for j >= 0 && toks[j] != ";" && toks[j] != "{" && toks[j] != "}" {
		j--
	}
	return j + 1, i + 1
}

// declared lists the names that stand between a word and an equals sign.
func declared(toks []string) []string {
	var out []string
	for i, t := range toks {
		if t == "=" && isWord.MatchString(before(toks, i)) && !slices.Contains(out, before(toks, i)) {
			out = append(out, before(toks, i))
		}
	}
	return out
}

// closed tells whether a mutant ends where its wrapper does: its brackets match, so
// that no document would cut it elsewhere and no wrapper is left early.
func closed(toks []string) bool {
	var open []string
	for _, t := range toks {
		switch t {
		case "(", "[", "{":
			open = append(open, t)
		case ")", "]", "}":
			if len(open) == 0 || open[len(open)-1]+t != map[string]string{")": "()", "]": "[]", "}": "{}"}[t] {
				return false
			}
			open = open[:len(open)-1]
		case `"`, "'":
			return false
		}
	}
	return len(open) == 0
}

// mutants makes n different mutants of the expressions, the same for the same seed.
func mutants(seed uint64, n int, exprs []string) (list, names []string) {
	r := rand.New(rand.NewPCG(seed, 0))
	seen := map[string]bool{}
	for _, e := range exprs {
		seen[e] = true
	}
	for tries := 0; len(list) < n && tries < 200*n; tries++ {
		e := exprs[r.IntN(len(exprs))]
		m := mutations[r.IntN(len(mutations))]
		toks := tokens(e[2 : len(e)-1])
		if len(toks) == 0 {
			continue
		}
		changed := m.change(r, toks)
		if changed == nil || !closed(changed) {
			continue
		}
		mutant := e[:2] + strings.Join(changed, "") + e[len(e)-1:]
		if seen[mutant] {
			continue
		}
		seen[mutant] = true
		list, names = append(list, mutant), append(names, m.name)
	}
	return list, names
}

// after is the token right of i that is no space.
func after(toks []string, i int) string {
	if j := next(toks, i); j >= 0 {
		return toks[j]
	}
	return ""
}
