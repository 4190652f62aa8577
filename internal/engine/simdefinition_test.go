package engine

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// simLanguage writes random definitions: valid, bounded, with loops that end.
type simLanguage struct {
	rng      *rand.Rand
	jsonata  bool
	names    int
	budget   int  // states left
	inside   int  // depth of branches and iterations
	apart    bool // in the processor of a distributed Map, which sees no outer variables
	spread   bool // distributed Maps are allowed
	definite bool // it has a distributed Map
}

// simDefinition is a definition and whether it has a distributed Map.
func simDefinition(rng *rand.Rand, spread bool) (text string, distributed bool) {
	g := &simLanguage{rng: rng, jsonata: rng.IntN(3) == 0, budget: 8 + rng.IntN(24), spread: spread}
	head := ""
	if g.jsonata {
		head = `"QueryLanguage":"JSONata",`
	}
	if rng.IntN(8) == 0 {
		head += fmt.Sprintf(`"TimeoutSeconds":%d,`, 60+rng.IntN(50_000))
	}
	return "{" + head + g.body() + "}", g.definite
}

func (g *simLanguage) name(kind string) string {
	g.names++
	g.budget--
	return fmt.Sprintf("%s%d", kind, g.names)
}

func (g *simLanguage) one(texts ...string) string { return texts[g.rng.IntN(len(texts))] }

// body gives "StartAt" and "States" of a chain of states.
func (g *simLanguage) body() string {
	var states []string
	add := func(name, fields string) { states = append(states, fmt.Sprintf("%q:{%s}", name, fields)) }
	first := g.name("Begin")
	start := first
	fields := `"Type":"Pass"`
	if g.inside == 0 {
		if g.jsonata {
			fields += `,"Assign":{"w":"{% $states.input.n %}"}`
		} else {
			fields += `,"Assign":{"w.$":"$.n"}`
		}
	}
	length := 1 + g.rng.IntN(5)
	for range length {
		if g.budget <= 0 {
			break
		}
		next := g.name("P")
		add(first, fields+fmt.Sprintf(`,"Next":%q`, next))
		first, fields = next, g.segment(next, add)
		if last, renamed := strings.CutPrefix(fields, "\x00"); renamed {
			first, fields = last, `"Type":"Pass"`
		}
	}
	switch end := g.rng.IntN(12); {
	case end == 0 && g.inside == 0:
		name := g.name("Bad")
		add(first, fields+fmt.Sprintf(`,"Next":%q`, name))
		add(name, `"Type":"Fail","Error":"Hard","Cause":"as planned"`)
	case end < 4:
		name := g.name("Good")
		add(first, fields+fmt.Sprintf(`,"Next":%q`, name))
		add(name, `"Type":"Succeed"`)
	default:
		add(first, fields+`,"End":true`)
	}
	return fmt.Sprintf(`"StartAt":%q,"States":{%s}`, start, strings.Join(states, ","))
}

// segment gives the fields of the state of that name but its Next; what else it needs
// it adds.
func (g *simLanguage) segment(name string, add func(name, fields string)) string {
	switch n := g.rng.IntN(20); {
	case n < 8:
		return g.task(name, add)
	case n < 11:
		return g.wait()
	case n < 13 && g.inside < 2 && g.budget > 6:
		return g.parallel(name, add)
	case n < 16 && g.inside < 2 && g.budget > 4:
		return g.iterate(name, add)
	case n < 18:
		return g.choose(name, add)
	case n < 19 && g.inside == 0:
		return g.loop(name, add)
	case g.jsonata:
		return `"Type":"Pass","Output":"{% $merge([$states.input, {'v': $uuid()}]) %}"`
	}
	return `"Type":"Pass","Result":{"x":[1,2,"three"]},"ResultPath":"$.v"`
}

func (g *simLanguage) wait() string {
	seconds := g.one("1", "2", "7", "30", "600", "5000")
	if g.jsonata {
		return `"Type":"Wait",` + g.one(`"Seconds":`+seconds, `"Seconds":"{% 1 + 2 * $states.input.n %}"`, `"Timestamp":"{% $states.input.at %}"`,
			`"Timestamp":"2026-11-23T05:00:00Z"`)
	}
	return `"Type":"Wait",` + g.one(`"Seconds":`+seconds, `"SecondsPath":"$.n"`, `"TimestampPath":"$.at"`, `"Timestamp":"2026-11-23T05:00:00Z"`)
}

// choose adds a state that only some executions pass.
func (g *simLanguage) choose(name string, add func(name, fields string)) string {
	join, odd := g.name("Join"), g.name("Odd")
	rule := fmt.Sprintf(`"Variable":"$.n","NumericGreaterThan":%d`, g.rng.IntN(6))
	if g.jsonata {
		rule = fmt.Sprintf(`"Condition":"{%% $states.input.n > %d %%}"`, g.rng.IntN(6))
	}
	add(name, fmt.Sprintf(`"Type":"Choice","Choices":[{%s,"Next":%q}],"Default":%q`, rule, odd, join))
	add(odd, g.simple()+fmt.Sprintf(`,"Next":%q`, join))
	return g.rename(join, add)
}

// rename makes the segment end in another state than it began, which body learns by
// the mark in front of its name.
func (g *simLanguage) rename(last string, add func(name, fields string)) string {
	after := g.name("After")
	add(last, fmt.Sprintf(`"Type":"Pass","Next":%q`, after))
	return "\x00" + after
}

func (g *simLanguage) simple() string {
	if g.rng.IntN(2) == 0 {
		return g.wait()
	}
	return `"Type":"Pass"`
}

// loop passes a state two or three times.
func (g *simLanguage) loop(name string, add func(name, fields string)) string {
	again, more, out := g.name("Count"), g.name("More"), g.name("Out")
	most := 1 + g.rng.IntN(3)
	if g.jsonata {
		add(name, fmt.Sprintf(`"Type":"Pass","Output":"{%% $merge([$states.input, {'c': 0}]) %%}","Next":%q`, again))
		add(again, fmt.Sprintf(`"Type":"Pass","Output":"{%% $merge([$states.input, {'c': $states.input.c + 1}]) %%}","Next":%q`, more))
		add(more, fmt.Sprintf(`"Type":"Choice","Choices":[{"Condition":"{%% $states.input.c < %d %%}","Next":%q}],"Default":%q`, most, again, out))
	} else {
		add(name, fmt.Sprintf(`"Type":"Pass","Result":{"i":0},"ResultPath":"$.c","Next":%q`, again))
		add(again, fmt.Sprintf(`"Type":"Pass","Parameters":{"i.$":"States.MathAdd($.c.i, 1)"},"ResultPath":"$.c","Next":%q`, more))
		add(more, fmt.Sprintf(`"Type":"Choice","Choices":[{"Variable":"$.c.i","NumericLessThan":%d,"Next":%q}],"Default":%q`, most, again, out))
	}
	return g.rename(out, add)
}

// handlers are Retry and Catch; what is caught goes on behind a state of its own.
func (g *simLanguage) handlers(add func(name, fields string), next *string) (fields string) {
	errors := func() string {
		return g.one(`"Busy"`, `"Busy","Soft"`, `"States.TaskFailed"`, `"States.Timeout"`, `"States.ALL"`)
	}
	if g.rng.IntN(2) == 0 {
		jitter := g.one("", "", `,"JitterStrategy":"FULL","MaxDelaySeconds":40`)
		fields += fmt.Sprintf(`,"Retry":[{"ErrorEquals":[%s],"IntervalSeconds":%d,"MaxAttempts":%d,"BackoffRate":%d%s}]`,
			errors(), 1+g.rng.IntN(5), g.rng.IntN(4), 1+g.rng.IntN(2), jitter)
	}
	if g.rng.IntN(2) == 0 {
		caught := g.name("Caught")
		kept := `"ResultPath":"$.error"`
		if g.jsonata {
			kept = `"Output":"{% $states.input %}"`
		}
		fields += fmt.Sprintf(`,"Catch":[{"ErrorEquals":[%s],%s,"Next":%q}]`, errors(), kept, caught)
		*next = caught
	}
	return fields
}

// caught ends a segment whose errors may be caught.
func (g *simLanguage) caught(name, fields, handler string, add func(name, fields string)) string {
	if handler == "" {
		return fields
	}
	last := g.name("Both")
	add(name, fields+fmt.Sprintf(`,"Next":%q`, last))
	add(handler, fmt.Sprintf(`"Type":"Pass","Next":%q`, last))
	return g.rename(last, add)
}

// The resources that fake workers answer.
const (
	simRequest  = "arn:aws:states:::http:invoke"
	simToken    = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
	simJob      = "arn:aws:states:::glue:startJobRun.sync"
	simActivity = "arn:aws:states:us-east-1:111111111111:activity:work"
)

func (g *simLanguage) task(name string, add func(name, fields string)) string {
	resource := g.one(simRequest, simRequest, simToken, simToken, simJob, simActivity)
	fields := fmt.Sprintf(`"Type":"Task","Resource":%q`, resource)
	variable := g.inside == 0 || !g.apart
	args := map[string]string{simToken: `"MessageBody":{"t.$":"$$.Task.Token"},"QueueUrl":"q"`, simJob: `"JobName":"j"`}[resource]
	if g.jsonata {
		args = strings.ReplaceAll(args, `"t.$":"$$.Task.Token"`, `"t":"{% $states.context.Task.Token %}"`)
	}
	if args != "" {
		args += ","
	}
	switch {
	case resource == simToken && g.jsonata, resource == simJob && g.jsonata:
		fields += `,"Arguments":{` + strings.TrimSuffix(args, ",") + `}`
	case resource == simToken, resource == simJob:
		fields += `,"Parameters":{` + strings.TrimSuffix(args, ",") + `}`
	case g.jsonata && variable:
		fields += `,"Arguments":{"n":"{% $states.input.n %}","w":"{% $w %}"}`
	case g.jsonata:
		fields += `,"Arguments":{"n":"{% $states.input.n %}"}`
	case variable:
		fields += `,"Parameters":{"n.$":"$.n","w.$":"$w"}`
	default:
		fields += `,"Parameters":{"n.$":"$.n"}`
	}
	timeout := 20 + g.rng.IntN(4000)
	switch g.rng.IntN(5) {
	case 0, 1:
		fields += fmt.Sprintf(`,"TimeoutSeconds":%d`, timeout)
	case 2:
		fields += fmt.Sprintf(`,"TimeoutSeconds":%d,"HeartbeatSeconds":%d`, timeout, 1+timeout/3)
	case 3:
		if g.jsonata {
			fields += `,"TimeoutSeconds":"{% 30 + $states.input.n %}"`
		} else {
			fields += `,"TimeoutSecondsPath":"$.limit"`
		}
	}
	if g.jsonata {
		fields += `,"Output":"{% $merge([$states.input, {'t': $states.result}]) %}"`
	} else {
		fields += `,"ResultPath":"$.t"`
	}
	var handler string
	fields += g.handlers(add, &handler)
	return g.caught(name, fields, handler, add)
}

func (g *simLanguage) parallel(name string, add func(name, fields string)) string {
	fields := `"Type":"Parallel"`
	if g.jsonata {
		fields += `,"Output":"{% $states.input %}"`
	} else {
		fields += `,"ResultPath":"$.p"`
	}
	var handler string
	fields += g.handlers(add, &handler)
	var branches []string
	g.inside++
	for range 2 + g.rng.IntN(2) {
		branches = append(branches, "{"+g.body()+"}")
	}
	g.inside--
	return g.caught(name, fields+`,"Branches":[`+strings.Join(branches, ",")+"]", handler, add)
}

// iterate is a Map, inline or distributed.
func (g *simLanguage) iterate(name string, add func(name, fields string)) string {
	fields := fmt.Sprintf(`"Type":"Map","MaxConcurrency":%d`, g.rng.IntN(3))
	if g.jsonata {
		fields += `,"Items":"{% $states.input.list %}","Output":"{% $states.input %}",
 "ItemSelector":{"n":"{% $states.context.Map.Item.Value %}","at":"{% $states.input.at %}","list":[1,2],"limit":90}`
	} else {
		fields += `,"ItemsPath":"$.list","ResultPath":"$.m",
 "ItemSelector":{"n.$":"$$.Map.Item.Value","at.$":"$.at","list":[1,2],"limit":90}`
	}
	var handler string
	fields += g.handlers(add, &handler)
	config := ""
	outer, depth := g.apart, g.inside
	if g.spread && g.inside == 0 && g.rng.IntN(2) == 0 {
		config, g.definite, g.apart = `"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},`, true, true
		fields += fmt.Sprintf(`,"Label":"L%d","ToleratedFailureCount":%d`, g.names, g.rng.IntN(3))
	}
	g.inside++
	processor := g.body()
	g.apart, g.inside = outer, depth
	return g.caught(name, fields+`,"ItemProcessor":{`+config+processor+"}", handler, add)
}
