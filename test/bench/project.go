package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
)

// The one access key of the project, which signs every request.
const (
	accessID     = "AKIDBENCH"
	accessSecret = "secret-of-the-bench-0123456789abcdef"
)

// payload is the 200 bytes that each execution starts with.
var payload = `{"id":"` + strings.Repeat("0123456789", 18) + `","n":12}`

// call is a Task that calls the backend through the gateway.
func call(name, path, resource, body, next string) string {
	end := `"End":true`
	if next != "" {
		end = `"Next":"` + next + `"`
	}
	return fmt.Sprintf(`"%s":{"Type":"Task","Resource":"arn:aws:states:::http:invoke%s","Parameters":{"ApiEndpoint":"https://bench.example/bench/%s","Method":"POST",`+
		`"Authentication":{"ConnectionArn":"arn:aws:events:us-east-1:111111111111:connection/bench/1"},"RequestBody":%s},"ResultPath":null,%s}`,
		name, resource, path, body, end)
}

func machines() map[string]string {
	var five, polled []string
	for i, name := range []string{"A", "B", "C", "D", "E"} {
		next := []string{"B", "C", "D", "E", ""}[i]
		five = append(five, call(name, "one", "", `{"id.$":"$.id"}`, next))
		end := `"End":true`
		if next != "" {
			end = `"Next":"` + next + `"`
		}
		polled = append(polled, `"`+name+`":{"Type":"Task","Resource":"arn:aws:states:us-east-1:111111111111:activity:bench","ResultPath":null,`+end+`}`)
	}
	item := call("One", "one", "", `{"n.$":"$"}`, "")
	loop := `{"StartAt":"Add","States":{"Add":{"Type":"Pass","Parameters":{"n.$":"States.MathAdd($.n, 1)"},"Next":"More"},` +
		`"More":{"Type":"Choice","Choices":[{"Variable":"$.n","NumericLessThan":200000,"Next":"Add"}],"Default":"Done"},"Done":{"Type":"Succeed"}}}`
	var chain []string
	for i := range 20 {
		end := `"End":true`
		if i < 19 {
			end = fmt.Sprintf(`"Next":"S%d"`, i+1)
		}
		chain = append(chain, fmt.Sprintf(`"S%d":{"Type":"Pass",%s}`, i, end))
	}
	return map[string]string{
		"chain":  `{"StartAt":"S0","States":{` + strings.Join(chain, ",") + `}}`,
		"empty":  `{"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}`,
		"five":   `{"StartAt":"A","States":{` + strings.Join(five, ",") + `}}`,
		"polled": `{"StartAt":"A","States":{` + strings.Join(polled, ",") + `}}`,
		"many": `{"StartAt":"All","States":{"All":{"Type":"Map","ItemsPath":"$.items","MaxConcurrency":0,"ItemProcessor":{"ProcessorConfig":{"Mode":"INLINE"},` +
			`"StartAt":"One","States":{` + item + `}},"ResultPath":null,"End":true}}}`,
		"signal": `{"StartAt":"S","States":{` + call("S", "token", ".waitForTaskToken", `{"token.$":"$$.Task.Token"}`, "") + `}}`,
		"loop":   loop,
		"wait":   `{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":30000000,"End":true}}}`,
		"pass":   `{"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}`,
	}
}

// writeProject makes a project whose one API calls the backend.
func writeProject(dir, backend string) error {
	open := `<policies><inbound><base /></inbound><backend><base /></backend><outbound><base /></outbound><on-error><base /></on-error></policies>`
	operation := func(id string) string {
		return "  /" + id + ":\n    post:\n      operationId: " + id + "\n      responses: {'200': {description: ok}}\n"
	}
	files := map[string]string{
		"stile.yaml": "name: bench\nmap:\n  https://bench.example: {gateway: self}\nengine: {max-history: 10000000}\n" +
			"access-keys:\n  - {id: " + accessID + ", secret: {secret: \"env://BENCH_SECRET\"}}\ntelemetry: {traces: false}\nactivities: [bench]\n",
		"assignments.yaml":                    "- {principal: \"key:" + accessID + "\", role: operator}\n",
		"roles/operator.json":                 `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["states:*","stile:*"],"Resource":"**"}]}`,
		"roles/bench-role.json":               `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"apim:Invoke","Resource":"api/**"}]}`,
		"connections/bench.yaml":              "AuthorizationType: API_KEY\nAuthParameters:\n  ApiKeyAuthParameters:\n    ApiKeyName: Ocp-Apim-Subscription-Key\n    ApiKeyValue: {secret: env://BENCH_KEY}\n",
		"apim/policy.xml":                     `<policies><inbound /><backend><forward-request /></backend><outbound /><on-error /></policies>`,
		"apim/apis/bench/apiInformation.json": `{"properties":{"displayName":"bench","path":"bench","subscriptionRequired":false,"serviceUrl":"` + backend + `"}}`,
		"apim/apis/bench/policy.xml":          open,
		"apim/apis/bench/specification.yaml":  "openapi: 3.0.1\ninfo: {title: bench, version: '1'}\npaths:\n" + operation("one") + operation("token"),
	}
	for name, text := range machines() {
		files["workflows/"+name+".asl.json"] = text
		options := "role: bench-role\n"
		if name == "pass" {
			options += "type: EXPRESS\n"
		}
		files["workflows/"+name+".workflow.yaml"] = options
	}
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// freePorts gives addresses on loopback that nothing listens on.
func freePorts(n int) (out []string, err error) {
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		out = append(out, l.Addr().String())
	}
	return out, nil
}
