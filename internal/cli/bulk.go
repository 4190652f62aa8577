package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

// widest is how many executions bulk works on at once at most.
const widest = 64

// bulkActions are what bulk does, with the statuses that each is for; the first ones
// are taken where --status names none.
var bulkActions = map[string]struct{ usual, may []string }{
	"redrive": {[]string{"FAILED", "TIMED_OUT"}, []string{"FAILED", "TIMED_OUT", "ABORTED"}},
	"stop":    {[]string{"RUNNING"}, []string{"RUNNING"}},
	"delete":  {[]string{"SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"}, []string{"SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"}},
}

// bulk is one `exec bulk`.
type bulk struct {
	c *command
	filter
	action, errorName, contains, cause string
	yes, dry                           bool
	wide                               int
	file, failedTo                     string

	ids    []string // of --from-file
	failed io.Writer
}

func (c *command) execBulk() *cobra.Command {
	b := &bulk{c: c}
	cmd := &cobra.Command{
		Use:   "bulk redrive|stop|delete",
		Short: "Redrive, stop or delete many executions",
		Long: "bulk does one thing to all executions that match, several at once. Without --yes it says what it would do.\n" +
			"Without --status it redrives those that failed or timed out, stops those that run, and deletes those that ended.\n" +
			"Ctrl-C finishes what is under way. What was done matches no longer: the same command goes on where it stopped.",
		Example: "  stile exec bulk redrive --state-machine order --from 12h --error Http.503\n" +
			"  stile exec bulk redrive --state-machine order --from 12h --error Http.503 --yes --failed-to failed.txt\n" +
			"  stile exec bulk delete --status SUCCEEDED --to 30d --yes",
		Args: exactly("ACTION"),
		RunE: func(cmd *cobra.Command, args []string) error {
			b.action = args[0]
			if err := b.check(); err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process
			return b.run(ctx)
		},
	}
	b.flags(cmd)
	cmd.Flags().StringVar(&b.errorName, "error", "", "executions whose last error has this name")
	cmd.Flags().StringVar(&b.contains, "cause-contains", "", "executions whose last error's cause has this text in it")
	cmd.Flags().BoolVar(&b.yes, "yes", false, "do it")
	cmd.Flags().BoolVar(&b.dry, "dry-run", false, "say what would be done, also with --yes")
	cmd.Flags().IntVar(&b.wide, "wide", 8, "how many at once")
	cmd.Flags().StringVar(&b.cause, "cause", "", "the cause that stop records")
	cmd.Flags().StringVar(&b.file, "from-file", "", "take the executions of this file, one id or ARN a line, or - for stdin")
	cmd.Flags().StringVar(&b.failedTo, "failed-to", "", "write the ARNs of those that failed to this file")
	return c.client(cmd)
}

// check refuses what does not fit together before anything is asked.
func (b *bulk) check() error {
	a, ok := bulkActions[b.action]
	status := strings.ToUpper(b.status)
	switch {
	case !ok:
		return usage("bulk does redrive, stop or delete, not %q", b.action)
	case status != "" && !slices.Contains(a.may, status):
		return usage("%s is for executions that are %s, not %s", b.action, list(a.may), status)
	case b.wide < 1 || b.wide > widest:
		return usage("--wide is from 1 to %d", widest)
	case b.cause != "" && b.action != "stop":
		return usage("--cause is what stop records; --cause-contains is the filter")
	case b.file != "" && (b.from+b.to+b.fares != "" || len(b.fields) > 0):
		return usage("--from-file goes with --state-machine, --status, --error and --cause-contains alone")
	case b.action == "delete" && b.yes && !b.dry && b.file == "" && !b.given() && b.errorName+b.contains == "":
		return usage("delete without a filter would delete all that ended: name one, such as --to 30d")
	}
	return nil
}

func (b *bulk) run(ctx context.Context) (err error) {
	if b.file != "" {
		if b.ids, err = b.c.idsOf(b.file); err != nil {
			return err
		}
	}
	if !b.yes || b.dry {
		return b.plan(ctx)
	}
	if b.failedTo != "" {
		f, err := os.Create(b.failedTo)
		if err != nil {
			return usage("--failed-to: %v", err)
		}
		defer f.Close()
		b.failed = f
	}
	return b.work(ctx)
}

// idsOf reads the ids of a file, one a line; what begins with # is passed over.
func (c *command) idsOf(name string) (ids []string, err error) {
	from := c.In
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, usage("--from-file: %v", err)
		}
		defer f.Close()
		from = f
	}
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		if id := strings.TrimSpace(lines.Text()); id != "" && !strings.HasPrefix(id, "#") {
			ids = append(ids, id)
		}
	}
	return ids, lines.Err()
}

// candidates gives what the list has, page by page, until do gives false. What it
// gives may not match yet: see matches.
func (b *bulk) candidates(ctx context.Context, do func(execution) bool) error {
	for _, id := range b.ids {
		if !do(execution{ID: id}) {
			return nil
		}
	}
	if b.file != "" {
		return nil
	}
	statuses := bulkActions[b.action].usual
	if b.status != "" {
		statuses = []string{strings.ToUpper(b.status)}
	}
	now, ended := time.Now(), false
	// One that was redriven and ended otherwise meanwhile is listed under each status.
	seen := map[string]bool{}
	for _, status := range statuses {
		q, err := b.query(now)
		if err != nil {
			return err
		}
		q.Set("status", status)
		err = b.c.each(ctx, q, 200, func(e execution) bool {
			if seen[e.ARN] {
				return true
			}
			seen[e.ARN] = len(statuses) > 1
			ended = !do(e)
			return !ended
		})
		if err != nil || ended {
			return err
		}
	}
	return nil
}

// shownFirst is how many executions a plan shows.
const shownFirst = 10

// plan says what would be done, and asks nothing.
func (b *bulk) plan(ctx context.Context) error {
	var first []execution
	var problem error
	count, p := 0, b.c.progress()
	defer p.over()
	err := b.candidates(ctx, func(e execution) bool {
		e, why, err := b.matches(ctx, ctx, e)
		if err != nil && b.refused(bulkLine{}, err).Result == "skipped" {
			why, err = oneLine(err.Error()), nil
		}
		if err != nil {
			problem = err
			return false
		}
		if why != "" {
			if b.file != "" {
				p.over()
				fmt.Fprintf(b.c.Err, "%s: %s\n", e.ID, why)
			}
			return true
		}
		if b.c.output == "json" {
			_ = b.c.printLine(bulkLine{ID: e.ID, ARN: e.ARN, StateMachine: e.StateMachine, Result: "planned"}) // a reader that went away
		}
		if count++; len(first) < shownFirst {
			first = append(first, e)
		}
		p.tell(func() string { return plural(count, "execution") + " so far" })
		return true
	})
	if err == nil {
		err = problem
	}
	if err != nil {
		if ctx.Err() != nil {
			return &failure{code: exitInterrupted}
		}
		return err
	}
	p.over()
	if b.c.output == "json" {
		return nil
	}
	fmt.Fprintf(b.c.Out, "would %s %s\n", b.action, plural(count, "execution"))
	rows := [][]string{{"ID", "STATE MACHINE", "STATUS", "START"}}
	for _, e := range first {
		rows = append(rows, []string{e.ID, e.StateMachine, e.Status, utc(e.Start)})
	}
	if count > 0 {
		b.c.table(rows)
		if count > len(first) {
			fmt.Fprintf(b.c.Out, "and %d more\n", count-len(first))
		}
		fmt.Fprintln(b.c.Err, "add --yes to do it")
	}
	return nil
}
