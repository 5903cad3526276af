"""An ensemble as one network: its design with the weights of its members, ready to be exported."""

from dataclasses import replace

from designer.engine import export
from designer.engine.inspect.subject import load
from designer.errors import DesignerError
from designer.runs.ensemble_design import ensemble_design
from designer.runs.ensembles import Ensemble, read_members


def of_ensemble(ensemble: Ensemble) -> export.Model:
    """Return the network of an ensemble, which gives the mean of the probabilities of its members.

    Its metadata say of the data what those of the first member do.

    Raises
    ------
    DesignerError
        Members do not go together, or their weights cannot be read.
    """
    members = read_members(ensemble)
    design, nodes = ensemble_design(members)
    model = export.of_design(design)
    state = model.network.state_dict()
    for node, member in zip(nodes, members, strict=True):
        prefix = f"{node}."
        own = load(member.subject, device="cpu").network.state_dict()
        found = {
            name: own.get(name.removeprefix(prefix)) for name in state if name.startswith(prefix)
        }
        for name, tensor in found.items():
            if tensor is None or tensor.shape != state[name].shape:
                raise DesignerError(
                    f"{member.name} has no value for {name.removeprefix(prefix)}, whose weights "
                    "it shares with an auxiliary output: choose another run."
                )
            state[name] = tensor
    model.network.load_state_dict(state)
    return replace(model, about={**model.about, **members[0].preprocessing.metadata()})
