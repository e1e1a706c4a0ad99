"""What a scenario does to AWS from outside, as a person or a service of AWS would: volumes and instances."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

import boto3
from botocore.exceptions import ClientError

IMAGE_NAME = "rehearsal"
NETWORK = "10.20.0"


def client(service: str, arguments):
    return boto3.client(
        service, endpoint_url=arguments.endpoint, region_name=arguments.region,
        aws_access_key_id="rehearsal", aws_secret_access_key="rehearsal",
    )


def tags(pairs: list[str]) -> list[dict[str, str]]:
    return [dict(zip(("Key", "Value"), pair.split("=", 1), strict=True)) for pair in pairs]


def prepare(arguments) -> None:
    """The account as instances find it: an image, a subnet, and an Auto Scaling group that launches nothing itself."""
    ec2 = client("ec2", arguments)
    image = ec2.register_image(Name=IMAGE_NAME, Architecture="x86_64", RootDeviceName="/dev/xvda")["ImageId"]
    vpc = ec2.create_vpc(CidrBlock=f"{NETWORK}.0/24")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=f"{NETWORK}.0/24", AvailabilityZone=arguments.region + "a")
    launch_template = ec2.create_launch_template(
        LaunchTemplateName=arguments.group, LaunchTemplateData={"ImageId": image, "InstanceType": "t3.medium"}
    )["LaunchTemplate"]["LaunchTemplateId"]
    client("autoscaling", arguments).create_auto_scaling_group(
        AutoScalingGroupName=arguments.group, MinSize=0, MaxSize=10, DesiredCapacity=0,
        LaunchTemplate={"LaunchTemplateId": launch_template, "Version": "$Latest"},
        VPCZoneIdentifier=subnet["Subnet"]["SubnetId"],
    )


def create_volume(arguments) -> None:
    volume = client("ec2", arguments).create_volume(
        Size=arguments.gib, AvailabilityZone=arguments.zone or arguments.region + "a", VolumeType="gp3",
        TagSpecifications=[{"ResourceType": "volume", "Tags": tags(arguments.tags)}] if arguments.tags else [],
    )
    print(volume["VolumeId"])


def grow_volume(arguments) -> None:
    client("ec2", arguments).modify_volume(VolumeId=arguments.volume, Size=arguments.gib)


def run_instance(arguments) -> None:
    ec2 = client("ec2", arguments)
    machine = arguments.home / "machines" / arguments.name
    # Each is handed out once: a host that replaces another is reached elsewhere, and moto takes none back.
    handed_out = arguments.home / "addresses"
    used = handed_out.read_text().split() if handed_out.exists() else []
    address = next(a for a in (f"{NETWORK}.{n}" for n in range(10, 255)) if a not in used)
    handed_out.write_text("\n".join([*used, address]))
    instance = ec2.run_instances(
        ImageId=ec2.describe_images(Owners=["self"])["Images"][0]["ImageId"],
        InstanceType="t3.medium", MinCount=1, MaxCount=1, PrivateIpAddress=address,
        SubnetId=ec2.describe_subnets(Filters=[{"Name": "cidr-block", "Values": [f"{NETWORK}.0/24"]}])
        ["Subnets"][0]["SubnetId"],
        UserData=arguments.user_data.read_text() if arguments.user_data else "",
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": arguments.name}]}],
    )["Instances"][0]["InstanceId"]
    client("autoscaling", arguments).attach_instances(
        InstanceIds=[instance], AutoScalingGroupName=arguments.group
    )
    machine.mkdir(parents=True, exist_ok=True)
    (machine / "instance-id").write_text(instance)
    command = [arguments.machine, "start", arguments.name, "--address", address]
    if arguments.root:
        command += ["--root", str(arguments.root)]
    if arguments.console:
        command += ["--console", str(arguments.console)]
    subprocess.run(command, check=True)
    print(instance)


def terminate(arguments) -> None:
    instance = (arguments.home / "machines" / arguments.name / "instance-id").read_text().strip()
    autoscaling = client("autoscaling", arguments)
    try:
        autoscaling.detach_instances(
            InstanceIds=[instance], AutoScalingGroupName=arguments.group, ShouldDecrementDesiredCapacity=True
        )
    except ClientError:
        pass  # It was taken out of the group before.
    client("ec2", arguments).terminate_instances(InstanceIds=[instance])


def main() -> None:
    parser = argparse.ArgumentParser(prog="aws-double")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--machine", required=True)
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--region", required=True)
    parser.add_argument("--group", default=os.environ.get("REHEARSAL_GROUP", "monitor"))
    commands = parser.add_subparsers(required=True)

    commands.add_parser("prepare").set_defaults(run=prepare)
    command = commands.add_parser("create-volume")
    command.add_argument("gib", type=int)
    command.add_argument("tags", nargs="*", metavar="KEY=VALUE")
    command.add_argument("--zone")
    command.set_defaults(run=create_volume)
    command = commands.add_parser("grow-volume")
    command.add_argument("volume")
    command.add_argument("gib", type=int)
    command.set_defaults(run=grow_volume)
    command = commands.add_parser("run-instance")
    command.add_argument("name")
    command.add_argument("--root", type=Path)
    command.add_argument("--user-data", type=Path)
    command.add_argument("--console", type=Path)
    command.set_defaults(run=run_instance)
    command = commands.add_parser("terminate")
    command.add_argument("name")
    command.set_defaults(run=terminate)

    arguments = parser.parse_args()
    try:
        arguments.run(arguments)
    except (ClientError, OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"aws-double: {error}")


if __name__ == "__main__":
    main()
