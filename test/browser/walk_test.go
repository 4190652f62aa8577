package browser

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// do runs actions in the browser.
func do(t *testing.T, ctx context.Context, actions ...chromedp.Action) {
	t.Helper()
	short, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	if err := chromedp.Run(short, actions...); err != nil {
		var at, text string
		_ = chromedp.Run(ctx, chromedp.Location(&at), chromedp.Evaluate("document.body.innerText", &text)) // for the message alone
		t.Fatalf("%v; the browser is at %s:\n%s", err, at, text)
	}
}

// shows waits until the part of the page holds all texts.
func (w *world) shows(ctx context.Context, selector string, texts ...string) {
	w.t.Helper()
	w.eventually("the page shows "+strings.Join(texts, ", "), func() error { return w.has(ctx, selector, texts...) })
}

// has reports what the part of the page lacks.
func (w *world) has(ctx context.Context, selector string, texts ...string) error {
	var got string
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second) // a page without the part waits for it
	defer cancel()
	if err := chromedp.Run(ctx, chromedp.Text(selector, &got, chromedp.ByQuery)); err != nil {
		return err
	}
	for _, text := range texts {
		if !strings.Contains(got, text) {
			return fmt.Errorf("no %q in %q", text, got)
		}
	}
	return nil
}

// TestWalk logs in, follows a live order, approves it, and reads why another one
// was denied.
func TestWalk(t *testing.T) {
	w := newWorld(t)
	w.start()
	ctx := w.browser()

	// Log in: the provider asks for a name.
	do(t, ctx, chromedp.Navigate(w.control+"/login"), chromedp.Click("#login-acme", chromedp.ByQuery),
		chromedp.SendKeys(`input[name="username"]`, "ada", chromedp.ByQuery), chromedp.Submit("form", chromedp.ByQuery))
	do(t, ctx, chromedp.WaitVisible(`[data-page="list"]`, chromedp.ByQuery), chromedp.Navigate(w.control+"/login"))
	w.shows(ctx, "#principal", "user:")

	// Follow an order that somebody must approve, without loading the page again.
	large := w.order(`{"sku":"sku-1","quantity":1,"amount":900}`)
	do(t, ctx, chromedp.Navigate(w.control+"/executions/"+large))
	w.shows(ctx, `[data-live="summary"]`, "RUNNING", "Approve", "waiting")
	w.shows(ctx, `#why`, "callback", "stile callback")
	w.shows(ctx, `[data-live="trace"]`, "Reserve", "Charge")

	// Approve it in another tab of the same browser; the first one follows.
	tab, cancel := chromedp.NewContext(ctx)
	defer cancel()
	if err := chromedp.Run(tab); err != nil { // a tab lives as long as the context of its first call
		t.Fatal(err)
	}
	do(t, tab, chromedp.Navigate(w.control+"/approvals"), chromedp.Click(`//button[text()="Approve"]`), chromedp.WaitVisible(`[role="status"]:not([hidden])`, chromedp.ByQuery))
	do(t, ctx, page.BringToFront()) // a page that nobody sees does not load
	w.shows(ctx, `[data-live="summary"]`, "SUCCEEDED")
	w.shows(ctx, `[data-live="callbacks"]`, "user:")

	// A role that loses a permission: the next order says which line would have it.
	w.write("roles/order-role.json", strings.Replace(w.read("roles/order-role.json"), "api/payments/operation/charge", "api/payments/operation/none", 1))
	w.eventually("an order is denied", func() error {
		small := w.order(`{"sku":"sku-1","quantity":1,"amount":9}`)
		do(t, ctx, chromedp.Navigate(w.control+"/executions/"+small))
		return w.has(ctx, `[data-live="summary"]`, "FAILED", "roles/order-role.json:", "apim:Invoke", "States.Permissions")
	})
	w.shows(ctx, `[data-live="calls"]`, "Denied")
}
