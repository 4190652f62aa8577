package graph

import (
	"strings"

	"stile/asl"
)

// exit is one transition out of a state.
type exit struct {
	to    *asl.State
	kind  EdgeKind
	title string
}

// exits gives a state's transitions in their order: what a Choice tests, its
// default, Next, what Catch catches. The end of the body is none.
func exits(s *asl.State) (out []exit) {
	if s.Choice != nil {
		for i := range s.Choice.Rules {
			out = append(out, exit{s.Choice.Rules[i].Next, ChoiceEdge, s.Choice.Rules[i].Text()})
		}
		if s.Choice.Default != nil {
			out = append(out, exit{s.Choice.Default, DefaultEdge, "else"})
		}
	}
	if s.Next != nil {
		out = append(out, exit{s.Next, NextEdge, ""})
	}
	for _, c := range s.Catch {
		out = append(out, exit{c.Next, CatchEdge, strings.Join(c.ErrorEquals, ", ")})
	}
	return out
}

// ends says that the body may end with this state.
func ends(s *asl.State) bool { return s.Next == nil && s.Choice == nil }

// bodies are what stands inside a state.
func bodies(s *asl.State) []*asl.Body {
	if s.Map != nil {
		return []*asl.Body{s.Map.Processor}
	}
	return s.Parallel
}

// inOrder gives the states of a body as a reader follows them: from StartAt along
// the first transition that leads to a state not yet told, then what is left.
func inOrder(b *asl.Body) (out []*asl.State) {
	told := map[*asl.State]bool{}
	for _, from := range append([]*asl.State{b.StartAt}, b.States...) {
		next := []*asl.State{from}
		for len(next) > 0 {
			s := next[len(next)-1]
			next = next[:len(next)-1]
			if told[s] {
				continue
			}
			told[s] = true
			out = append(out, s)
			to := exits(s)
			for i := len(to) - 1; i >= 0; i-- {
				next = append(next, to[i].to)
			}
		}
	}
	return out
}
