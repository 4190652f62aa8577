package browser

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestTryIt opens an operation's page, sees where its effective policy is written, sends
// requests until a rate limit refuses one, sees which policy that was, edits the policy
// file, tries again, and sees what the edit did; then the same from the trace.
func TestTryIt(t *testing.T) {
	w := newWorld(t)
	w.write("roles/operator.json", strings.Replace(operatorRole, `{"Effect":"Allow","Action":"apim:Trace"`, `{"Effect":"Allow","Action":["apim:Trace","apim:Invoke"]`, 1))
	const product = "apim/products/starter/policy.xml"
	generous := w.read(product)
	w.write(product, strings.Replace(generous, `calls="1000"`, `calls="1"`, 1))
	w.start()
	ctx := w.browser()
	do(t, ctx, chromedp.Navigate(w.control+"/login"), chromedp.Click("#login-acme", chromedp.ByQuery),
		chromedp.SendKeys(`input[name="username"]`, "ada", chromedp.ByQuery), chromedp.Submit("form", chromedp.ByQuery),
		chromedp.WaitVisible(`[data-page="list"]`, chromedp.ByQuery))

	// By the pages to the operation.
	do(t, ctx, chromedp.Click(`nav a[href="/apis"]`, chromedp.ByQuery), chromedp.WaitVisible(`[data-page="apis"]`, chromedp.ByQuery))
	w.shows(ctx, `main`, "orders", "starter", "POST /orders")
	do(t, ctx, chromedp.Click(`a[href="/apis/orders/place"]`, chromedp.ByQuery), chromedp.WaitVisible(`[data-page="operation"]`, chromedp.ByQuery))
	w.shows(ctx, `#effective`, "rate-limit", "apim/products/starter/policy.xml:5", "apim/policyFragments/caller/policy.xml:2", "fragment caller",
		"apim/policy.xml:9", "{{gateway-name}}", "apim/apis/orders/operations/place/policy.xml:5")

	// The first call is answered; the second one is over the limit.
	body := `{"sku":"sku-1","quantity":1,"amount":9}`
	do(t, ctx, chromedp.SendKeys(`textarea[name="body"]`, body, chromedp.ByQuery), chromedp.SetValue(`select[name="key"]`, "demo", chromedp.ByQuery),
		chromedp.Click(`form.try button`, chromedp.ByQuery), chromedp.WaitVisible(`#result`, chromedp.ByQuery))
	w.shows(ctx, `main`, "202", "subscription demo", "remaining 0")
	do(t, ctx, chromedp.Click(`form.try button`, chromedp.ByQuery), chromedp.WaitVisible(`#result .banner`, chromedp.ByQuery))
	w.shows(ctx, `#result`, "429", "rate-limit refused it", "apim/products/starter/policy.xml:5", "RateLimitExceeded")
	w.shows(ctx, `#difference`, "Before and after", "Configuration of both")

	// Edit the file; the page says that it is no longer what ran.
	w.write(product, strings.Replace(generous, `calls="1000"`, `calls="900"`, 1))
	w.eventually("the edit is taken up", func() error {
		do(t, ctx, chromedp.Reload())
		return w.has(ctx, `#result .banner[role="status"]`, "The configuration was changed since")
	})
	w.shows(ctx, `#effective`, `calls="900"`)
	var kept string
	do(t, ctx, chromedp.Value(`textarea[name="body"]`, &kept, chromedp.ByQuery))
	if kept != body {
		t.Errorf("the form holds %q", kept)
	}

	// Try again: what the edit did, policy by policy.
	var refused string
	do(t, ctx, chromedp.Value(`input[name="before"]`, &refused, chromedp.ByQuery),
		chromedp.Click(`form.try button`, chromedp.ByQuery), chromedp.WaitVisible(`//section[@aria-label="Answer"]//*[contains(text(),"202")]`))
	w.shows(ctx, `main`, "Configuration before", "Configuration after", "429", "202", "changed rate-limit", "denied", "added")

	// The same from the trace of the refused request.
	do(t, ctx, chromedp.Navigate(w.control+"/traces/"+refused), chromedp.Click(`#compare form button`, chromedp.ByQuery),
		chromedp.WaitVisible(`[data-page="tracediff"]`, chromedp.ByQuery))
	w.shows(ctx, `main`, "Configuration before", "429", "202", "changed rate-limit", "apim/products/starter/policy.xml:5")
}
