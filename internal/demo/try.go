package demo

import "slices"

// Place is where the example runs, for the commands that Try shows.
type Place struct {
	// Stile is how the user calls the binary, Dir the project folder.
	Stile, Dir string
	// Gateway and Console are URLs without trailing slash.
	Gateway, Console string
}

// Try gives three things to try, line by line, where all sample backends run;
// else nothing.
func Try(samples []string, p Place) []string {
	for _, s := range Samples() {
		if !slices.Contains(samples, s.Name) {
			return nil
		}
	}
	order := `     curl -i ` + p.Gateway + `/orders -H 'Ocp-Apim-Subscription-Key: demo-key' \`
	body := func(amount string) string {
		return `       -H 'Content-Type: application/json' -d '{"sku":"sku-1","quantity":2,"amount":` + amount + `}'`
	}
	return []string{
		"",
		"Three things to try:",
		"  1. Place an order, then watch it at " + p.Console + "/",
		order,
		body("120"),
		"  2. Place one over 500; it waits for an approval. Find the URL to answer on, and approve:",
		order,
		body("900"),
		"     " + p.Stile + " callback list",
		`     curl -i URL -H 'Content-Type: application/json' -d '{"approved":true}'`,
		"  3. Take a permission away: in " + p.Dir + "/roles/order-role.json turn the Allow of",
		"     api/payments/operation/charge into Deny. Place an order, see why it fails, give it back:",
		"     " + p.Stile + " exec list",
		"     " + p.Stile + " exec why ID",
		"",
	}
}
