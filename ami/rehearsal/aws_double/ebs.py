"""EBS volumes: what moto leaves out of them, and their way into the machines.

A volume is a sparse file. What moto says is attached to the instance of a running machine is given to that machine as a
device, and taken away again when moto says so."""

import subprocess
import sys
import time
from pathlib import Path
from threading import RLock

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.elastic_block_store import VolumeAttachment

GIB = 1 << 30
POWER_OFF_SECONDS = "60"


class Volumes:
    def __init__(self, ec2, home: Path, machine: str):
        self.ec2 = ec2
        self.home = home
        self.machine = machine
        self.lock = RLock()
        # What is tried each second is told once.
        self.last_complaint = ""
        self.files = home / "volumes"
        self.files.mkdir(exist_ok=True)
        self.refuse_as_ec2_does()

    def refuse_as_ec2_does(self) -> None:
        """moto attaches a volume anywhere at any time, and keeps it attached to what was terminated."""
        attach, detach, terminate = self.ec2.attach_volume, self.ec2.detach_volume, self.ec2.terminate_instances

        def attach_volume(volume_id, instance_id, device_path, *rest, **named):
            with self.lock:
                volume, instance = self.ec2.get_volume(volume_id), self.ec2.get_instance(instance_id)
                if device_path == instance.root_device_name:
                    return attach(volume_id, instance_id, device_path, *rest, **named)
                if volume.attachment:
                    raise EC2ClientError("VolumeInUse", f"{volume_id} is already attached to an instance")
                if instance._state.name not in ("pending", "running", "stopping", "stopped"):
                    raise EC2ClientError("IncorrectState", f"Instance '{instance_id}' is not 'running'.")
                if zone_name(volume.zone) != instance.placement.zone:
                    raise EC2ClientError(
                        "InvalidVolume.ZoneMismatch",
                        f"The volume '{volume_id}' is not in the same availability zone as instance '{instance_id}'",
                    )
                if device_path in instance.block_device_mapping:
                    raise EC2ClientError(
                        "InvalidParameterValue",
                        f"Invalid value '{device_path}' for unixDevice. Attachment point {device_path} "
                        "is already in use",
                    )
                return attach(volume_id, instance_id, device_path, *rest, **named)

        def detach_volume(volume_id, instance_id, device_path):
            with self.lock:
                attachment = self.ec2.get_volume(volume_id).attachment
                if attachment and instance_id in (None, "", attachment.instance.id):
                    name = self.running_machines().get(attachment.instance.id)
                    # A volume in use stays until the machine lets go of it; `follow` sees that.
                    if name and not self.take_away(name, volume_id):
                        attachment.status = "busy"
                        return VolumeAttachment(attachment.volume, attachment.instance, attachment.device, "busy")
                return detach(volume_id, instance_id or attachment.instance.id, device_path)

        def terminate_instances(instance_ids):
            with self.lock:
                for instance_id in instance_ids:
                    name = self.running_machines().get(instance_id)
                    if name and not self.run("poweroff", name, POWER_OFF_SECONDS):
                        self.run("kill", name)
                terminated = terminate(instance_ids)
                for volume in list(self.ec2.volumes.values()):
                    if volume.attachment and volume.attachment.instance.id in instance_ids:
                        detach(volume.id, volume.attachment.instance.id, volume.attachment.device)
                return terminated

        self.ec2.attach_volume = attach_volume
        self.ec2.detach_volume = detach_volume
        self.ec2.terminate_instances = terminate_instances

    def after_requests(self, application):
        """Carries out what a request changed before its answer is on its way."""

        def wrapped(environ, start_response):
            answer = list(application(environ, start_response))
            if "/ec2/aws4_request" in environ.get("HTTP_AUTHORIZATION", ""):
                self.carry_out()
            return answer

        return wrapped

    def follow(self) -> None:
        """Machines start, and let go of volumes, without a word to AWS."""
        while True:
            time.sleep(1)
            try:
                self.carry_out()
            except Exception as error:  # noqa: BLE001, the next second tries again
                print(f"Volumes could not be brought into line: {error}", file=sys.stderr, flush=True)

    def carry_out(self) -> None:
        with self.lock:
            machines = self.running_machines()
            for volume in list(self.ec2.volumes.values()):
                attachment = volume.attachment
                # The root volume that moto invents is no device: a machine's root is its image.
                if not attachment or attachment.device == attachment.instance.root_device_name:
                    continue
                name = machines.get(attachment.instance.id)
                if not name:
                    continue
                link = self.home / "machines" / name / "volumes" / volume.id
                if attachment.status == "busy":
                    self.ec2.detach_volume(volume.id, attachment.instance.id, attachment.device)
                elif not link.exists():
                    self.size_changed(volume)
                    self.run("attach", name, volume.id, str(self.file(volume)))
                elif self.size_changed(volume):
                    self.run("grow", name, volume.id)

    def file(self, volume) -> Path:
        """The file behind a volume, made when it is first asked for."""
        file = self.files / f"{volume.id}.img"
        if not file.exists():
            with file.open("xb") as opened:
                opened.truncate(volume.size * GIB)
        return file

    def size_changed(self, volume) -> bool:
        file = self.file(volume)
        if file.stat().st_size >= volume.size * GIB:
            return False
        with file.open("r+b") as opened:
            opened.truncate(volume.size * GIB)
        return True

    def take_away(self, name: str, volume_id: str) -> bool:
        if not (self.home / "machines" / name / "volumes" / volume_id).exists():
            return True
        return self.run("detach", name, volume_id)

    def running_machines(self) -> dict[str, str]:
        """Instance ids and the names of the machines that run as them."""
        return {
            file.read_text().strip(): file.parent.name
            for file in (self.home / "machines").glob("*/instance-id")
            if (file.parent / "init").exists()
        }

    def run(self, command: str, *arguments: str) -> bool:
        done = subprocess.run([self.machine, command, *arguments], capture_output=True, text=True, check=False)
        complaint = f"machine {command} {' '.join(arguments)}: {done.stderr.strip()}"
        if done.returncode and complaint != self.last_complaint:
            self.last_complaint = complaint
            print(complaint, file=sys.stderr, flush=True)
        return done.returncode == 0


def zone_name(zone) -> str:
    return getattr(zone, "name", zone)
