"""What the engine says about training, data and measuring; a part of the table of `app.texts.engine_texts`."""

from __future__ import annotations

from app.shell.i18n import mark

TRAINING_TEXTS: tuple[str, ...] = (
    # Training.
    mark(
        "{0} is no longer a number at step {1}; the checkpoint of step {2} is kept: resume from it with "
        "a lower learning rate or precision 32-true."
    ),
    mark("{0} is no longer a number at step {1}; start again with a lower learning rate or precision 32-true."),
    mark("The loss {0}"),
    mark("The tensor {0}"),
    mark("{0} has no checkpoint to resume from; start it without resume."),
    mark("{0} does not fit this run; start a new run."),
    mark("{0}; training stopped at step {1}, resume it from its checkpoint of step {2}."),
    mark("{0}; training stopped at step {1}, start it again."),
    mark('"{0}" has no best.safetensors yet; train until its first validation.'),
    mark('"{0}" is damaged, it is not what training wrote ({1}); publish another run.'),
    mark('"{0}" does not say what was trained; train the run on to its next validation.'),
    mark('The tensors of "{0}" do not fit its own description; publish another run.'),
    mark("There is no recipe {0}; known: {1}, or a .toml file."),
    mark("{0} is no valid TOML: {1}."),
    mark("{0}: unknown key {1} for {2}{3}"),
    mark("; did you mean {0}?"),
    mark("; known: {0}."),
    mark("The recipe is for {0} labels, but {1} has {2}; leave out labels."),
    mark("{0} is not empty; resume it, or choose another folder."),
    mark(
        '"{0}" was trained on the labels of "{1}", but {2} has those of "{3}"; resume with the data it '
        "was started with, or start a new run."
    ),
    mark("The recipe makes no network that can be trained: {0}."),
    mark("reading {0}/{1}"),
    mark("{0} has no picture for the label map {1}.png; add it or remove the map."),
    mark("The split {0} of {1} is empty; add pairs in images/ and labels/."),
    mark("{0} has no split {1}; it has: {2}."),
    mark("{0} is no list of stems per split; write it again."),
    mark('"{0}" has no pairs of pictures and label maps; put them into images/ and labels/.'),
    mark('"{0}" mixes colour-coded maps with maps of ids; make them alike first.'),
    mark('The maps of "{0}" have {1} colours, more than 256 labels; save them without smoothing.'),
    mark('"{0}" is not a folder; give a folder with images/ and labels/.'),
    mark('"{0}" is not a folder; give a dataset folder with images/ and labels/.'),
    mark("has no picture in images/"),
    mark("has no map in labels/"),
    mark("no pair of a picture and a label map; put pairs of one name into images/ and labels/"),
    mark("{0} pairs are in no split and are not used"),
    mark("is missing; --make writes one from the label maps"),
    mark("is in {0}, but there is no such pair"),
    mark("reading file {0} of {1}"),
    mark("mean styles"),
    mark("measuring styles"),
    mark("drawing styles"),
    mark("The feature network {0} is missing; put {1}.safetensors and {2}.json into {3}."),
    mark("There was not enough memory on {0} to measure these weights; choose the CPU."),
    mark('"{0}" is not in your own weights folder "{1}"; remove it by hand if you mean to.'),
    mark('"{0}" is truncated or is no PyTorch file; download it again.'),
    mark('"{0}" holds no tensors by name; give a file such as latest_net_G.pth.'),
    mark(
        '"{0}" holds more than tensors and could run code, so it was not opened; give a file from the '
        "authors' own page."
    ),
    mark("{0} has {1} labels; say which label set they are (--label-set)."),
    mark('{0} has {1} labels, the label set "{2}" has {3}; choose another.'),
    mark(
        "The feature network {0} is not installed: training goes on {1} and validates without a Frechet distance; put "
        "its two files into {2} for it."
    ),
    mark("without a perceptual loss"),
    mark("with {0}"),
    mark("{0} (the encoder of a parser)"),
    mark('There is no system "{0}" in this version; {1}'),
    mark("These settings are not those of {0}: {1}; update Tessera or correct them."),
    mark("There are no weights of a parser for the perceptual loss; train one first, or leave it out."),
    mark("The network VGG19 is missing; put {0} into {1}."),
    mark('"{0}" does not hold VGG19 in torchvision\'s names ({1}); get it again.'),
    # Data.
    mark("is the same file as {0}"),
    mark('No pair of "{0}" can be used; mend the files that the data report names.'),
    mark("is the same file as {0}, one in {1} and one in {2}"),
    mark("pictures beside images/ and labels/ are not looked at: {0}"),
    mark("one pair alone: nothing is left to validate on"),
    mark("pictures in a folder per class, without label maps: systems that paint label maps cannot train on them"),
    mark("is {0} x {1}, its picture {2} x {3}"),
    mark("has another ending than .png, which training looks for; save it as PNG"),
    mark("has the name of {0}; which of them counts is left to chance"),
    mark("is {0} {1}"),
    mark("no map shows {0}"),
    mark("is twice in {0}"),
    mark("is in {0} and in {1}"),
    mark('"{0}" is not a picture that can be read ({1}).'),
    mark('"{0}" is a {1} file, whose lossy compression blurs label ids; save it as PNG.'),
    mark('"{0}" has {1} than {2} colours, so it is no label map; put label maps into labels/.'),
    mark("more"),
    mark("{0}, more"),
    mark(
        'The grey maps of "{0}" use the ids 0 to {1} and 255; change 255 to {2}, and name that one as ignored in '
        "classes.json."
    ),
    # Measuring.
    mark("reconstructing"),
    mark("measured"),
    mark("pictures for the report"),
    mark("- ({0})"),
    mark("not measured"),
    mark("No parser for the labels of '{0}' is installed."),
    mark("These weights cannot draw styles."),
    mark("R-precision needs a text-image model; these weights paint from label maps."),
    mark("A Frechet distance needs two pictures or more."),
    mark("It was not asked for."),
    mark("{0} cannot be read as a feature network; copy it there again."),
    mark("The weights \"{0}\" know {1}, not the {2} labels of '{3}'; choose weights for '{4}'."),
    mark("the {0} labels of '{1}'"),
    mark("no labels"),
    mark("The network Inception-v3 is not installed; put {0} into {1}."),
    mark('"{0}" is another network than the Inception-v3 of 2015-12-05; get that one.'),
    mark('"{0}" cannot be read as Inception-v3; get it again.'),
    # Published files.
    mark('There is not enough memory to read "{0}"; close other programs.'),
    mark("{0} is not {1} as published, {2}: {3}; get the file again."),
    mark("1 difference"),
    mark("{0} differences"),
    mark("{0} looks like {1} but its shapes make no network: {2}; get the file again."),
    mark(
        "{0} is of no network that is known here (SEAN, SPADE, SMIS, their encoders and discriminators); its first "
        "tensor is {1}."
    ),
    mark('"{0}" is no generator that takes an image encoder; give it without "{1}".'),
    mark('"{0}" is no image encoder of {1}; give the latest_net_E.pth that was published with "{2}".'),
    mark('"{0}" holds {1}, which is no tensor with a name; give a file such as latest_net_G.pth.'),
)
