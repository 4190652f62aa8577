package shapes

import (
	"regexp"
	"strings"
)

// integration splits a Task's Resource: service, API, pattern.
var integration = regexp.MustCompile(`^arn:aws[a-z-]*:states:[a-z0-9-]*:[0-9]*:(?:(aws-sdk):)?([a-zA-Z0-9-]+):([a-zA-Z0-9.]+?)(?:\.(sync|sync:2|waitForTaskToken))?$`)

// modelOf gives the entry of an optimised integration's service where it has
// another name than the service of aws-sdk integrations.
var modelOf = map[string]string{
	"bedrock:invokeModel": "bedrockruntime", "elasticmapreduce": "emr", "emr-containers": "emrcontainers",
	"emr-serverless": "emrserverless", "events": "eventbridge", "states": "sfn",
}

// polled are the operations that a job's integration asks until the job ends, and
// whose answer is the result: for .sync and .sync:2.
var polled = map[string]string{
	"athena:startQueryExecution":              "getQueryExecution",
	"batch:submitJob":                         "describeJobs",
	"bedrock:createModelCustomizationJob":     "getModelCustomizationJob",
	"codebuild:startBuild":                    "batchGetBuilds",
	"codebuild:retryBuildBatch":               "batchGetBuildBatches",
	"codebuild:startBuildBatch":               "batchGetBuildBatches",
	"databrew:startJobRun":                    "describeJobRun",
	"ecs:runTask":                             "describeTasks",
	"eks:createCluster":                       "describeCluster",
	"eks:createFargateProfile":                "describeFargateProfile",
	"eks:createNodegroup":                     "describeNodegroup",
	"eks:deleteCluster":                       "describeCluster",
	"eks:deleteFargateProfile":                "describeFargateProfile",
	"eks:deleteNodegroup":                     "describeNodegroup",
	"elasticmapreduce:addStep":                "describeStep",
	"elasticmapreduce:createCluster":          "describeCluster",
	"elasticmapreduce:terminateCluster":       "describeCluster",
	"emr-containers:deleteVirtualCluster":     "describeVirtualCluster",
	"emr-containers:startJobRun":              "describeJobRun",
	"emr-serverless:cancelJobRun":             "getJobRun",
	"emr-serverless:createApplication":        "getApplication",
	"emr-serverless:deleteApplication":        "getApplication",
	"emr-serverless:startApplication":         "getApplication",
	"emr-serverless:startJobRun":              "getJobRun",
	"emr-serverless:stopApplication":          "getApplication",
	"glue:startJobRun":                        "getJobRun",
	"mediaconvert:createJob":                  "getJob",
	"sagemaker:createHyperParameterTuningJob": "describeHyperParameterTuningJob",
	"sagemaker:createLabelingJob":             "describeLabelingJob",
	"sagemaker:createProcessingJob":           "describeProcessingJob",
	"sagemaker:createTrainingJob":             "describeTrainingJob",
	"sagemaker:createTransformJob":            "describeTransformJob",
	"states:startExecution":                   "describeExecution",
}

// called gives the operations of optimised integrations that bear another name
// than the model's.
var called = map[string]string{
	"elasticmapreduce:addStep":                         "addJobFlowSteps",
	"elasticmapreduce:cancelStep":                      "cancelSteps",
	"elasticmapreduce:createCluster":                   "runJobFlow",
	"elasticmapreduce:setClusterTerminationProtection": "setTerminationProtection",
	"elasticmapreduce:terminateCluster":                "terminateJobFlows",
	"elasticmapreduce:modifyInstanceFleetByName":       "modifyInstanceFleet",
	"elasticmapreduce:modifyInstanceGroupByName":       "modifyInstanceGroups",
}

// target is the operation whose answer a resource gives.
type target struct {
	service, action string
	// documents are members that hold a document here and its text in the model.
	documents []string
}

// find gives the operation behind a Task's Resource; ok is false where a result is
// bound to no model: a function's own answer, an activity's, what comes with a
// task token.
func find(resource string) (t target, ok bool) {
	m := integration.FindStringSubmatch(resource)
	if m == nil || m[4] == "waitForTaskToken" || m[2] == "activity" {
		return t, false
	}
	service, action := m[2], m[3]
	if m[1] != "" {
		return target{service: service, action: action}, true
	}
	t = optimised(service, action)
	if m[4] != "" {
		t.action = polled[service+":"+action]
		if m[4] == "sync:2" {
			t.documents = []string{"Input", "Output"}
		}
	}
	return t, true
}

// optimised gives the operation that an integration of Step Functions' own calls.
func optimised(service, action string) target {
	name := service + ":" + action
	t := target{service: service, action: action}
	if other := called[name]; other != "" {
		t.action = other
	}
	if other := modelOf[service]; other != "" {
		t.service = other
	}
	if other := modelOf[name]; other != "" {
		t.service = other
	}
	return t
}

// operation gives the model's name of an action: Step Functions begins it small.
func operation(action string) string {
	if action == "" {
		return ""
	}
	return strings.ToUpper(action[:1]) + action[1:]
}
