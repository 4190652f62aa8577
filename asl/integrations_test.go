package asl

import (
	"slices"
	"strings"
	"testing"

	"stile/diag"
)

// What Step Functions takes as the Resource of a Task, and what Stile says of it.
func TestResources(t *testing.T) {
	const unknown = "is not recognized"
	for resource, want := range map[string]string{
		"arn:aws:states:::http:invoke":                                                   "",
		"arn:aws:states:::lambda:invoke.waitForTaskToken":                                "",
		"arn:aws:states:::states:startExecution.sync:2":                                  "",
		"arn:aws:lambda:us-east-1:123456789012:function:f:PROD":                          "",
		"arn:aws:states:us-east-1:123456789012:activity:a":                               "",
		"arn:aws:states:::sqs:sendMessage":                                               CodeResource,
		"arn:aws:states:::sqs:sendMessage.waitForTaskToken":                              CodeResource,
		"arn:aws:states:::sqs:sendMessage.sync":                                          unknown,
		"arn:aws:states:::sqs:receiveMessage":                                            unknown,
		"arn:aws:states:::dynamodb:query":                                                unknown,
		"arn:aws:states:::dynamodb:putItem.waitForTaskToken":                             unknown,
		"arn:aws:states:::ecs:runTask.sync":                                              CodeResource,
		"arn:aws:states:::ecs:runTask.sync:2":                                            unknown,
		"arn:aws:states:::eks:runJob.sync":                                               CodeResource,
		"arn:aws:states:::emr-serverless:startJobRun.sync":                               CodeResource,
		"arn:aws:states:::foo:bar":                                                       unknown,
		"arn:aws-cn:states:::aws-sdk:s3:getObject":                                       CodeResource,
		"arn:aws:states:::aws-sdk:elasticloadbalancingv2:describeRules":                  CodeResource,
		"arn:aws:states:::aws-sdk:cognitoidentityprovider:adminGetUser":                  CodeResource,
		"arn:aws:states:::aws-sdk:s3vectors:queryVectors":                                CodeResource,
		"arn:aws:states:::aws-sdk:lambda:doWhatComesNextYear":                            CodeResource,
		"arn:aws:states:::aws-sdk:dynamodb:putItem.waitForTaskToken":                     CodeResource,
		"arn:aws:states:::aws-sdk:glue:startJobRun.sync":                                 unknown,
		"arn:aws:states:::aws-sdk:foo:bar":                                               unknown,
		"arn:aws:states:::aws-sdk:S3:getObject":                                          unknown,
		"arn:aws:states:us-east-1:123456789012:aws-sdk:transcribe:startTranscriptionJob": CodeResource,
		"arn:aws:swf:us-east-1:123456789012:task:X":                                      "not a valid resource ARN",
		"arn:aws:states:::lambda":                                                        "not a valid resource ARN",
		"arn:aws:states:::aws-sdk:" + strings.Repeat("s3 ", 2) + ":getObject":            "not a valid resource ARN",
	} {
		text := `{"StartAt":"A","States":{"A":{"Type":"Task","Resource":"` + resource + `","End":true,"Parameters":{"t.$":"$$.Task.Token"}}}}`
		_, list := Parse(diag.NewSource("d.asl.json", text))
		list = slices.DeleteFunc(list, func(d diag.Diagnostic) bool {
			return d.Code != CodeResource && !strings.Contains(d.Message, "esource")
		})
		switch {
		case want == "" && len(list) > 0:
			t.Errorf("%s: %v", resource, list)
		case want == "":
		case len(list) != 1 || list[0].Code != want && !strings.Contains(list[0].Message, want):
			t.Errorf("%s: %v, want %s", resource, list, want)
		case list[0].Code == CodeResource && list[0].Severity != diag.Warning:
			t.Errorf("%s: %s", resource, list[0].Severity)
		}
	}
}

func TestSDKServicesAreSorted(t *testing.T) {
	names := strings.Fields(sdkServices)
	if !slices.IsSorted(names) || len(names) < 400 || " "+strings.Join(names, " ")+" " != sdkServices {
		t.Errorf("%d names", len(names))
	}
}
