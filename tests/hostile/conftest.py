"""The zygote and the room of the fault tests serve here too."""

from tests.faults.conftest import fault_folder, zygote

__all__ = ["fault_folder", "zygote"]
