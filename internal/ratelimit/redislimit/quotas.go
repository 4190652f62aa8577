package redislimit

import (
	"context"
	"errors"
	"strconv"
	"time"

	"stile/internal/ratelimit"
	"stile/internal/redis"
)

// Quotas is a ratelimit.FixedSource for all nodes whose Links share a prefix.
type Quotas struct {
	cfg    Config
	local  ratelimit.FixedSource
	script *redis.Script
}

// NewQuotas makes Quotas beside a node's own, which may be stored.
func NewQuotas(cfg Config, local ratelimit.FixedSource) *Quotas {
	return &Quotas{cfg: cfg, local: local, script: redis.NewScript(fixedText)}
}

// Take counts N in every bound, or in none; see ratelimit.FixedSource. A window of a
// quota may be longer than anybody knows how the server fared: what the node has let
// through in it bounds what it lets through always.
func (q *Quotas) Take(ctx context.Context, name string, bounds []ratelimit.Bound, now time.Time) (ratelimit.FixedResult, error) {
	res, err := q.ask(ctx, name, bounds, now, true)
	switch {
	case err != nil && q.cfg.Refuse:
		return ratelimit.FixedResult{}, ErrUncounted
	case err == nil && !res.Allowed:
		return res, nil
	}
	own, failed := q.local.Take(ctx, name, bounds, now)
	if err != nil || failed != nil || !own.Allowed {
		return own, failed
	}
	for i, used := range own.Used {
		res.Used[i] = max(res.Used[i], used)
	}
	return res, nil
}

// Add counts N in every bound. Where the server does not answer the node counts it
// for itself; with Refuse the error says so.
func (q *Quotas) Add(ctx context.Context, name string, bounds []ratelimit.Bound, now time.Time) error {
	_, err := q.ask(ctx, name, bounds, now, false)
	if err != nil && q.cfg.Refuse {
		err = ErrUncounted
	} else {
		err = nil
	}
	return errors.Join(q.local.Add(ctx, name, bounds, now), err)
}

func (q *Quotas) ask(ctx context.Context, name string, bounds []ratelimit.Bound, now time.Time, take bool) (res ratelimit.FixedResult, err error) {
	link := q.cfg.Link
	args := make([]any, 4, 4+6*len(bounds))
	args[0], args[1], args[2], args[3] = "", "", 0, link.Epoch()
	if q.cfg.Clock != nil {
		t := q.cfg.Clock(now)
		args[0], args[1] = number(t.Unix()), t.Nanosecond()
	}
	if take {
		args[2] = 1
	}
	for i := range bounds {
		b := &bounds[i]
		length := int64(0)
		if b.Period > 0 {
			length = int64((b.Period + time.Second - 1) / time.Second)
		}
		args = append(args, b.Key, min(max(b.N, 0), 2*exact), min(b.Limit, 2*exact), b.Start.Unix(), b.Start.Nanosecond(), length)
	}
	if len(bounds) == 0 {
		return ratelimit.FixedResult{Allowed: true, Used: []int64{}}, nil
	}
	out, err := link.Run(ctx, q.script, []string{link.Key("quota", name), link.EpochKey()}, args...)
	if err != nil {
		return res, err
	}
	a, err := readAnswer(out, 6)
	if err != nil {
		return res, err
	}
	a.note(link)
	if !a.yes() {
		refused := int(a.number(1))
		if refused < 0 || refused >= len(bounds) {
			return res, errAnswer
		}
		return ratelimit.FixedResult{Refused: refused, RetryAfter: time.Duration(a.number(2))*time.Second + time.Duration(a.number(3))}, nil
	}
	if len(a) != 6+len(bounds) {
		return res, errAnswer
	}
	res = ratelimit.FixedResult{Allowed: true, Used: make([]int64, len(bounds))}
	for i := range bounds {
		res.Used[i] = a.number(6 + i)
	}
	return res, nil
}

// answer is what a script gave: whether, three numbers, the epoch, whether what stood
// there was no counter of ours.
type answer []any

var errAnswer = errors.New("the server's answer is none of the script's")

func readAnswer(out []any, least int) (answer, error) {
	if len(out) < least {
		return nil, errAnswer
	}
	for i, v := range out {
		if _, ok := v.(int64); !ok && i != 4 {
			return nil, errAnswer
		}
	}
	if _, ok := out[4].(string); !ok {
		return nil, errAnswer
	}
	return out, nil
}

func (a answer) yes() bool { return a.number(0) == 1 }

func (a answer) number(i int) int64 { n, _ := a[i].(int64); return n }

// note tells the link what the script found of its data.
func (a answer) note(link *redis.Link) {
	epoch, _ := a[4].(string)
	link.Seen(epoch)
	if a.number(5) == 1 {
		link.Doubt()
	}
}

func number(n int64) string { return strconv.FormatInt(n, 10) }
