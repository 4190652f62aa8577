package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNames(t *testing.T) {
	for id, want := range map[string]string{
		"Cognito Identity Provider": "cognitoidentityprovider", "Database Migration Service": "databasemigration", "SFN": "sfn",
		"Elastic Load Balancing v2": "elasticloadbalancingv2", "IoT 1Click Devices Service": "iot1clickdevices",
		"Service Quotas": "servicequotas", "codestar-notifications": "codestarnotifications",
	} {
		if got := serviceName(id); got != want {
			t.Errorf("%s: %s, want %s", id, got, want)
		}
	}
	for name, want := range map[string]string{
		"executionArn": "ExecutionArn", "DBInstances": "DbInstances", "ETag": "ETag", "ACL": "Acl", "SSEKMSKeyId": "SsekmsKeyId",
		"MD5OfMessageBody": "Md5OfMessageBody", "Equals": "EqualsValue", "x": "X", "VPCs": "VpCs", "": "",
	} {
		if got := memberName(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// A small model: shapes that refer to themselves, equal leaves shared, what
// outputs do not reach left out, and the same bytes a second time.
func TestReadModel(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "models", "tree", "2020-01-01", "api-2.json")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	const text = `{"metadata": {"apiVersion": "2020-01-01", "serviceId": "Tree"},
		"operations": {"Get": {"output": {"shape": "Node"}}, "Drop": {"input": {"shape": "Unseen"}}},
		"shapes": {"Node": {"type": "structure", "required": ["name"], "members": {"name": {"shape": "Name"}, "other": {"shape": "Other"},
			"children": {"shape": "Nodes"}, "any": {"shape": "Doc"}}},
		"Nodes": {"type": "list", "member": {"shape": "Node"}, "max": 3}, "Name": {"type": "string", "min": 1}, "Other": {"type": "string", "min": 1},
		"Doc": {"type": "structure", "document": true, "members": {}}, "Unseen": {"type": "structure", "members": {}}}}`
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := readModel(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	one, three := 1.0, 3.0
	want := &service{Name: "tree", Version: "2020-01-01", Operations: map[string]int{"Get": 0, "Drop": -1}, Shapes: []shape{
		{Type: "o", Members: map[string]int{"Any": 1, "Children": 2, "Name": 3, "Other": 3}, Required: []string{"Name"}},
		{Type: "*"}, {Type: "l", Max: &three}, {Type: "s", Min: &one},
	}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	var extracts [2]string
	for i := range extracts {
		if err := generate(filepath.Join(dir, "models"), filepath.Join(dir, "x.zip"), filepath.Join(dir, "x.go"), nil); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(dir, "x.zip"))
		if err != nil {
			t.Fatal(err)
		}
		extracts[i] = string(b)
	}
	if extracts[0] != extracts[1] || extracts[0] == "" {
		t.Error("the same models give another extract")
	}
}
